import { controlNames, relayNames } from "../authority.ts";
import type { Authority } from "../certificate/authority.ts";
import { type RelayCertificate, startRelayCertificate } from "../certificate/relay_certificate.ts";
import { innerSocketPath, removeDeadSockets } from "../file/socket_path.ts";
import { limitedGroups } from "../net/address_group.ts";
import { Places } from "../net/places.ts";
import { pageApp } from "../page/app.tsx";
import { createDataSockets } from "../session/data_socket.ts";
import { hostOfRelay } from "../wire/names.ts";
import type { ApiFetch } from "./api.ts";
import type { Clients } from "./clients.ts";
import { createFronts, type Fronts } from "./fronts.ts";
import type { Ground } from "./ground.ts";

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
  { settings, ceilings, metrics, publicPort, log, onClose, onReload }: Ground,
  { authority, presence, api, tickets }:
    & { authority: Authority; api: ApiFetch }
    & Pick<Clients, "presence" | "tickets">,
): Promise<OwnHosts> {
  const { baseDomain, stateDir } = settings;
  const makePages = () =>
    pageApp({
      baseDomain,
      publicPort,
      statusOf: presence.status,
      ...(settings.contact !== undefined && { contact: settings.contact }),
      log,
    });
  let pages = makePages();
  onReload(() => pages = makePages());
  await removeDeadSockets(stateDir);
  const fronts = createFronts({
    controlNames: controlNames(settings),
    // On another port the host's web may be somebody else's, and plain HTTP.
    strictHosts: publicPort === 443 ? [baseDomain, hostOfRelay(baseDomain)] : [],
    maxRequests: ceilings.requests,
    addressGroups: limitedGroups,
    api,
    page: (request, host, context) => pages.fetch(request, { ...context, host }),
    data: createDataSockets({
      tickets,
      places: new Places({ total: ceilings.dataSockets }),
      addressGroups: limitedGroups,
      log,
      onRefused: (reason) => metrics.counters.dataRefusals.add(reason),
    }),
    socketPath: () => innerSocketPath(stateDir),
    log,
  });
  onClose(() => fronts.stop());
  const certificate = await startRelayCertificate({
    authority,
    names: relayNames(settings),
    stateDir,
    log,
    onChange: (pair) => fronts.use(pair),
  });
  onClose(() => certificate.stop());
  await fronts.use(certificate.current());
  return { fronts, certificate };
}
