import assert from "node:assert/strict";
import { must, run } from "../../scripts/run.ts";
import { ROOT } from "../stories/relay.ts";
import { executables } from "./deploy/executable.ts";

/** Runs lines of a shell on a copy of this machine that is gone behind them. */
const COPY_OF_MACHINE = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
mount -t proc proc /mnt/root/proc
mount --bind /dev /mnt/root/dev
mount --bind "$1" /mnt/root/mnt
exec chroot /mnt/root sh -ec "$2"
`;

/** Installs, uses and purges; between them it says what is there. */
const STORY = `
export DEBIAN_FRONTEND=noninteractive
dpkg --install /mnt/glossond_*.deb
echo "== installed"
/usr/bin/glossond --version
MANPAGER=cat man glossond | head -n 5
bash -c '. /usr/share/bash-completion/completions/glossond && complete -p glossond'
systemd-analyze verify --man=no /lib/systemd/system/glossond.service
for file in $(sed -n 's|^Documentation=.*file://||p' /lib/systemd/system/glossond*.service); do
  test -s $file
  # What the operator's document names beside it, but the sources and the clients.
  for name in $(grep -o '](\(\.\./\)\?[A-Za-z_@./-]*' $file | cut -c 3- | sort -u); do
    case $name in https|../lib/*|../scripts/*|../CHANGELOG.md) ;; *) test -e $(dirname $file)/$name ;; esac
  done
done
GLOSSOND_POWERDNS_API_KEY=key glossond init --yes --base-domain glosson.example \
  --acme-email me@glosson.example --pdns-api-url http://127.0.0.1:9 --front alone --apache no > /tmp/init
ls /etc/glossond
test ! -e /etc/systemd/system/glossond.service
mkdir -p /var/lib/private/glossond && touch /var/lib/private/glossond/kept
ln -s private/glossond /var/lib/glossond
units=/etc/systemd/system
mkdir -p $units/multi-user.target.wants $units/glossond@.service.d $units/glossond@a.service.d
ln -s /lib/systemd/system/glossond@.service $units/multi-user.target.wants/glossond@a.service
dpkg --remove glossond
test -e /etc/glossond/secrets -a -e /var/lib/private/glossond/kept
echo "== removed"
dpkg --purge glossond
echo "== purged"
find /usr /etc /lib/systemd /var/lib /var/log -xdev -name '*glossond*' -not -path '/var/lib/apt/*'
`;

Deno.test("the Debian package is clean by lintian, and installs and purges without a trace", async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-deb-" });
  try {
    const args = ["run", "-A", `${ROOT}scripts/deb.ts`, "--fast"];
    const made = await must(Deno.execPath(), [
      ...args,
      ...["--executable", `${await executables()}/glossond`, "--out", dir],
    ]);
    const file = made.trim();
    await t.step("lintian finds nothing but what is so on purpose", async () => {
      const { code, text } = await run("lintian", [
        ...["--allow-root", "--fail-on", "error,warning,info", file],
      ]);
      assert.equal(text, "");
      assert.equal(code, 0);
    });
    await t.step("it installs, is used, and is purged", async () => {
      const { code, text } = await run("unshare", [
        ...["--mount", "--pid", "--fork", "sh", "-c", COPY_OF_MACHINE, "sh", dir, STORY],
      ]);
      assert.equal(code, 0, text);
      const [, installed = "", , purged] = text.split(/^== .*\n/m);
      assert.match(installed, /^glossond 0\.1\.0/);
      assert.match(installed, /^GLOSSOND\(8\)/m);
      assert.match(installed, /^complete .*-F _glossond glossond$/m);
      assert.match(installed, /^get_bio\.py\nsecrets\nsettings$/m);
      assert.equal(purged, "", text);
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
