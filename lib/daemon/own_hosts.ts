import { join } from "node:path";
import { controlNames, relayNames } from "../authority.ts";
import type { Authority } from "../certificate/authority.ts";
import { type RelayCertificate, startRelayCertificate } from "../certificate/relay_certificate.ts";
import type { Settings } from "../config/settings.ts";
import { innerSocketPath, removeDeadSockets } from "../file/socket_path.ts";
import { limitedGroups } from "../net/address_group.ts";
import { Places } from "../net/places.ts";
import { apiHostPage, pageApp } from "../page/app.tsx";
import type { RelayInfo } from "../page/relay_info.ts";
import { createDataSockets } from "../session/data_socket.ts";
import { authorityOf, hostOfRelay } from "../wire/names.ts";
import type { ApiFetch } from "./api.ts";
import type { Clients } from "./clients.ts";
import { createFronts, type Fronts } from "./fronts.ts";
import type { Ground } from "./ground.ts";
import { createSiblingTickets } from "./siblings.ts";
import { Turn } from "./turn.ts";

/** In the state folder: held by the process that renews the relay's certificate. */
const TURN_FILE = "renewal.lock";

/** The relay's own hosts: where their TLS ends, and its certificate. */
export interface OwnHosts {
  fronts: Fronts;
  certificate: RelayCertificate;
}

/**
 * Builds the pages, and the TLS ends of pages and API with the relay's certificate; a self-signed one
 * until there is another.
 *
 * @throws {Error} when the certificate's files cannot be used.
 */
export async function buildOwnHosts(
  { process, settings, ceilings, metrics, publicPort, log, onClose, onReload }: Ground,
  { authority, presence, api, tickets }:
    & { authority: Authority; api: ApiFetch }
    & Pick<Clients, "presence" | "tickets">,
): Promise<OwnHosts> {
  const { baseDomain, stateDir } = settings;
  let relay = relayInfo(settings, publicPort);
  const makePages = () => pageApp({ baseDomain, relay, statusOf: presence.status, log });
  let pages = makePages();
  onReload(() => {
    relay = relayInfo(settings, publicPort);
    pages = makePages();
  });
  await removeDeadSockets(stateDir);
  const fronts = createFronts({
    controlNames: controlNames(settings),
    // On another port the host's web may be somebody else's, and plain HTTP.
    strictHosts: publicPort === 443 ? [baseDomain, hostOfRelay(baseDomain)] : [],
    maxRequests: ceilings.requests,
    addressGroups: limitedGroups,
    api: (request, bindings) => api(request, bindings, () => apiHostPage(request, relay)),
    page: (request, host, context) => pages.fetch(request, { ...context, host }),
    data: createDataSockets({
      tickets,
      ...(settings.processes > 1 &&
        { elsewhere: createSiblingTickets({ settings, process, metrics }) }),
      places: new Places({ total: ceilings.dataSockets }),
      addressGroups: limitedGroups,
      log,
      onRefused: (reason) => metrics.counters.dataRefusals.add(reason),
    }),
    socketPath: () => innerSocketPath(stateDir),
    log,
  });
  onClose(() => fronts.stop());
  const turn = new Turn(join(stateDir, TURN_FILE), log);
  onClose(() => turn.end());
  const certificate = await startRelayCertificate({
    authority,
    names: relayNames(settings),
    stateDir,
    turn,
    log,
    onChange: (pair) => fronts.use(pair),
  });
  onClose(() => certificate.stop());
  await fronts.use(certificate.current());
  return { fronts, certificate };
}

/** What the pages say of the relay, as the settings are now. */
function relayInfo(settings: Readonly<Settings>, publicPort: number): RelayInfo {
  const { profilesName: name, profilesUrl: url } = settings;
  return {
    base: authorityOf(settings.baseDomain, publicPort),
    contact: settings.contact,
    installCommand: settings.installCommand,
    clientCommand: settings.clientCommand,
    clientUrl: settings.clientUrl,
    sourceUrl: settings.sourceUrl,
    profiles: name === undefined || name === "" ? undefined : { name, url },
    credit: settings.credit,
  };
}
