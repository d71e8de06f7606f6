import assert from "node:assert/strict";
import { compareRecords, contentsOf, planCopies, planRemoval } from "../../lib/dns/name_records.ts";
import type { OwnedSets } from "../../lib/store/names.ts";
import { byName, wildcardAbove } from "../../lib/dns/name_source.ts";
import { isEmpty, type RecordSet } from "../../lib/dns/provider.ts";

const NAME = "kaylee.glosson.test";

/** A set; values that begin with "!" are disabled. */
function set(name: string, type: string, ...values: string[]): RecordSet {
  const [disabled = [], inForce = []] = [true, false]
    .map((wanted) => values.filter((value) => value.startsWith("!") === wanted));
  return {
    name,
    type,
    ttl: 300,
    values: inForce,
    disabled: disabled.map((value) => value.slice(1)),
  };
}

const star = (type: string, ...values: string[]) => set("*.glosson.test", type, ...values);
const own = (type: string, ...values: string[]) => set(NAME, type, ...values);

function owned(...sets: RecordSet[]): OwnedSets {
  return new Map(sets.map((each) => [each.type, new Set([contentsOf(each)])]));
}

/** Changes as `TYPE value value`, a deletion as `-TYPE`. */
function shown(changes: readonly RecordSet[]): string[] {
  return changes.map((set) => {
    assert.equal(set.name, NAME);
    return isEmpty(set) ? `-${set.type}` : [set.type, ...set.values].join(" ");
  });
}

const SOURCE = [star("A", "192.0.2.1", "192.0.2.2"), star("AAAA", "2001:db8::1")];

const CAA_VALUES = ['0 issue "ca.test; accounturi=https://ca.test/1"', '0 issuewild ";"'];

/** What stands at the name, what of it is ours, and what is to be written. */
const CASES: {
  what: string;
  source?: RecordSet[];
  present?: RecordSet[];
  ours?: RecordSet[];
  /** The CAA records that its user wants. */
  caa?: string[];
  changes: string[];
  conflict?: RegExp;
  withoutCaa?: RegExp;
}[] = [
  {
    what: "a name without records gets all of the wildcard's at once, whatever their type",
    source: [...SOURCE, star("HTTPS", "1 . alpn=h2"), star("TXT", '"v=spf1 -all"')],
    changes: [
      "A 192.0.2.1 192.0.2.2",
      "AAAA 2001:db8::1",
      "HTTPS 1 . alpn=h2",
      'TXT "v=spf1 -all"',
    ],
  },
  {
    what: "a name whose records are the wildcard's, in any order, is left alone",
    present: [own("A", "192.0.2.2", "192.0.2.1"), own("AAAA", "2001:db8::1")],
    changes: [],
  },
  {
    what: "ours follow the wildcard, also where it has a type less",
    present: [own("A", "192.0.2.9"), own("AAAA", "2001:db8::9"), own("TXT", '"theirs"')],
    ours: [own("A", "192.0.2.9"), own("AAAA", "2001:db8::9")],
    source: [star("A", "192.0.2.1")],
    changes: ["-AAAA", "A 192.0.2.1"],
  },
  {
    what: "ours become an alias where the wildcard is one, deleted first",
    present: [own("A", "192.0.2.9"), own("AAAA", "2001:db8::9")],
    ours: [own("A", "192.0.2.9"), own("AAAA", "2001:db8::9")],
    source: [star("CNAME", "relay.example.")],
    changes: ["-A", "-AAAA", "CNAME relay.example."],
  },
  {
    what: "an alias of ours becomes addresses",
    present: [own("CNAME", "relay.example.")],
    ours: [own("CNAME", "relay.example.")],
    changes: ["-CNAME", "A 192.0.2.1 192.0.2.2", "AAAA 2001:db8::1"],
  },
  {
    what: "an address that somebody gave the name stays, alone",
    present: [own("A", "198.51.100.7")],
    changes: [],
  },
  {
    what: "an address of ours that somebody changed is theirs, and takes our others with it",
    present: [own("A", "198.51.100.7"), own("AAAA", "2001:db8::1")],
    ours: [own("A", "192.0.2.1", "192.0.2.2"), own("AAAA", "2001:db8::1")],
    changes: ["-AAAA"],
  },
  {
    what: "other records that somebody gave the name make it exist: it needs addresses",
    present: [own("TXT", '"site-verification"')],
    changes: ["A 192.0.2.1 192.0.2.2", "AAAA 2001:db8::1"],
  },
  {
    what: "a type that the name has already is not copied",
    present: [own("TXT", '"mine"')],
    source: [...SOURCE, star("TXT", '"v=spf1 -all"')],
    changes: ["A 192.0.2.1 192.0.2.2", "AAAA 2001:db8::1"],
  },
  {
    what: "an alias cannot stand beside other records",
    present: [own("TXT", '"site-verification"')],
    source: [star("CNAME", "relay.example.")],
    changes: [],
    conflict: /kaylee\.glosson\.test has TXT records .* beside which .* CNAME: remove them/,
  },
  {
    what: "what is disabled does not answer, and is not copied",
    source: [star("A", "192.0.2.1", "!192.0.2.3"), star("AAAA", "!2001:db8::1")],
    changes: ["A 192.0.2.1"],
  },
  {
    what: "an address that somebody disabled is theirs to say",
    present: [own("A", "!192.0.2.1")],
    changes: [],
  },
  {
    what: "no wildcard: nothing is added, and ours go with it",
    present: [own("A", "192.0.2.1"), own("TXT", '"theirs"')],
    ours: [own("A", "192.0.2.1")],
    source: [],
    changes: ["-A"],
  },
  {
    what: "a user's CAA records come beside the addresses, and in place of the wildcard's",
    source: [star("A", "192.0.2.1"), star("CAA", '0 issue "everybody.test"')],
    caa: CAA_VALUES,
    changes: ["A 192.0.2.1", `CAA ${CAA_VALUES.join(" ")}`],
  },
  {
    what: "those that the user wanted before go, and the wildcard's are back",
    present: [own("A", "192.0.2.1"), own("CAA", ...CAA_VALUES)],
    ours: [own("A", "192.0.2.1"), own("CAA", ...CAA_VALUES)],
    source: [star("A", "192.0.2.1"), star("CAA", '0 issue "everybody.test"')],
    changes: ['CAA 0 issue "everybody.test"'],
  },
  {
    what: "ours go with the wish",
    present: [own("A", "192.0.2.1"), own("CAA", ...CAA_VALUES)],
    ours: [own("A", "192.0.2.1"), own("CAA", ...CAA_VALUES)],
    source: [star("A", "192.0.2.1")],
    changes: ["-CAA"],
  },
  {
    what: "CAA records that somebody else wrote stay, whatever the user wants",
    present: [own("CAA", '0 issue "theirs.test"')],
    source: [star("A", "192.0.2.1")],
    caa: CAA_VALUES,
    changes: ["A 192.0.2.1"],
    withoutCaa: /kaylee\.glosson\.test has CAA records that the relay did not write.*remove them/,
  },
  {
    what: "no CAA record stands beside the wildcard's alias",
    source: [star("CNAME", "relay.example.")],
    caa: CAA_VALUES,
    changes: ["CNAME relay.example."],
    withoutCaa: /is an alias \(CNAME\).*give it, or the wildcard, addresses/,
  },
  {
    what: "nor beside one of somebody else's",
    present: [own("CNAME", "elsewhere.example.")],
    caa: CAA_VALUES,
    changes: [],
    withoutCaa: /is an alias/,
  },
  {
    what:
      "without a wildcard a name that has addresses of its own is given the user's CAA records alone",
    source: [],
    present: [own("A", "198.51.100.7")],
    caa: CAA_VALUES,
    changes: [`CAA ${CAA_VALUES.join(" ")}`],
  },
];

for (const { what, source = SOURCE, present = [], ours = [], caa, changes, ...why } of CASES) {
  Deno.test(`planCopies(): ${what}`, () => {
    const plan = planCopies({ name: NAME, source, present, owned: owned(...ours), caa });
    assert.deepEqual(shown(plan.changes), changes);
    for (const key of ["conflict", "withoutCaa"] as const) {
      if (why[key] === undefined) assert.equal(plan[key], undefined);
      else assert.match(plan[key]!, why[key]);
    }
    // Done once, it is done.
    const after = present.map((each) => plan.changes.find(({ type }) => type === each.type) ?? each)
      .concat(plan.changes.filter(({ type }) => !present.some((each) => each.type === type)))
      .filter((each) => !isEmpty(each));
    const again = planCopies({
      ...{ name: NAME, source, present: after, owned: owned(...plan.ours), caa },
    });
    assert.deepEqual(shown(again.changes), []);
  });
}

Deno.test("planCopies() follows a change of the wildcard's TTL", () => {
  const present = [{ ...own("A", "192.0.2.1"), ttl: 60 }];
  const source = [star("A", "192.0.2.1")];
  const { changes } = planCopies({ name: NAME, source, present, owned: owned(...present) });
  assert.equal(changes[0]!.ttl, 300);
});

Deno.test("planRemoval() takes what is ours, or might as well be, and nothing else", () => {
  const plan = planRemoval({
    name: NAME,
    source: SOURCE,
    present: [
      own("A", "192.0.2.9"),
      own("AAAA", "2001:db8::1"),
      own("TXT", '"theirs"'),
      own("MX", "10 mail.example."),
    ],
    owned: owned(own("A", "192.0.2.9")),
  });
  assert.deepEqual(shown(plan.changes), ["-A", "-AAAA"]);
  assert.deepEqual(plan.ours, []);
});

Deno.test("compareRecords() tells where a name is, beside the wildcard", () => {
  const compare = (...present: RecordSet[]) => compareRecords(SOURCE, present);
  assert.equal(compare().state, "wildcard");
  assert.equal(compare(own("TXT", '"x"')).state, "wildcard");
  assert.equal(compare(...SOURCE).state, "same");
  assert.deepEqual(compare(own("A", "198.51.100.7")), {
    state: "differs",
    addresses: ["198.51.100.7"],
    wildcard: ["192.0.2.1", "192.0.2.2", "2001:db8::1"],
  });
  assert.equal(compareRecords([], []).state, "nowhere");
});

Deno.test("wildcardAbove() is the wildcard that answers for a domain which does not exist", () => {
  const above = (...names: string[]) => {
    const sets = byName(names.map((name) => set(name, "A", "192.0.2.1")));
    const found = wildcardAbove(
      "glosson.kaylee.wtf",
      "wtf",
      sets,
      new Set(["x.glosson.kaylee.wtf"]),
    );
    return found?.[0]?.name;
  };
  assert.equal(above("*.kaylee.wtf"), "*.kaylee.wtf");
  assert.equal(above("*.wtf"), "*.wtf");
  assert.equal(above("*.wtf", "*.kaylee.wtf"), "*.kaylee.wtf");
  assert.equal(above("kaylee.wtf", "*.wtf"), undefined);
  assert.equal(above("*.kaylee.wtf", "glosson.kaylee.wtf"), undefined);
  assert.equal(above("*.kaylee.wtf", "relay.glosson.kaylee.wtf"), undefined);
  // What this relay put there makes no difference.
  assert.equal(above("*.kaylee.wtf", "x.glosson.kaylee.wtf"), "*.kaylee.wtf");
  assert.equal(above("*.kaylee.wtf", "_acme-challenge.glosson.kaylee.wtf"), "*.kaylee.wtf");
  assert.equal(above("wtf", "www.example.wtf"), undefined);
});
