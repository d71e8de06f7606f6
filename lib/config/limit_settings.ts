import { optional, required } from "./setting.ts";
import { bytes, integer, namesOrFile } from "./values.ts";

/** How much there may be of what, and how long it may take. */
export const LIMIT_SETTINGS = {
  reservedNames: required(
    "RESERVED_NAMES",
    namesOrFile,
    "",
    "Names that no user may claim, besides the built-in ones: a list, or the path of a file with them",
    { live: true },
  ),
  nameRestDays: required(
    "NAME_REST_DAYS",
    integer(0, 3_650),
    "30",
    "Days that a released name rests, for all but the profile that had it; 0: it is free at once",
    { dev: "0", live: true },
  ),
  profileCheckDays: required(
    "PROFILE_CHECK_DAYS",
    integer(0, 365),
    "0",
    "Days after which it is looked again whether a user's profile is there; 0: never; another number holds for each user from their next look on",
    { live: true },
  ),
  claimsPerHour: required(
    "CLAIMS_PER_HOUR",
    integer(1, 1_000_000),
    "30",
    "Claims an address may make an hour",
  ),
  verificationsPerClaim: required(
    "VERIFICATIONS_PER_CLAIM",
    integer(1, 10_000),
    "20",
    "Times a claim may be checked",
  ),
  certificatesPerDay: required(
    "CERTIFICATES_PER_DAY",
    integer(1, 10_000),
    "5",
    "Certificate requests an account may make a day",
  ),
  maxVisitors: required(
    "MAX_VISITORS",
    integer(1, 1_000_000),
    "4000",
    "Visitors' connections at once",
  ),
  maxVisitorsPerUser: required(
    "MAX_VISITORS_PER_USER",
    integer(1, 1_000_000),
    "1000",
    "Visitors' connections to one user at once",
  ),
  maxBytesPerUserDay: required(
    "MAX_BYTES_PER_USER_DAY",
    bytes,
    "0",
    "Bytes of one user's visitors a day (of UTC), both ways, as 20G; 0: any number",
    { live: true },
  ),
  maxDomainsPerUser: required(
    "MAX_DOMAINS_PER_USER",
    integer(1, 1_000),
    "10",
    "Domains of their own that lead to one user",
    { live: true },
  ),
  namesBelow: required(
    "NAMES_BELOW",
    integer(0, 10),
    "0",
    "Names below their own, as app.USER.BASE, that a user may have in their certificate; 0: none, and none leads to a user",
    { live: true },
  ),
  maxVisitorsPerAddress: required(
    "MAX_VISITORS_PER_ADDRESS",
    integer(1, 1_000_000),
    "200",
    "Connections of one visitor's address (IPv6: /64) at once; loopback is not counted",
  ),
  maxHellos: required(
    "MAX_HELLOS",
    integer(1, 1_000_000),
    "4000",
    "Visitors whose first bytes are awaited at once",
  ),
  hellosPerSecond: required(
    "HELLOS_PER_SECOND",
    integer(1, 1_000_000),
    "50",
    "New connections of one visitor's address (IPv6: /64) a second; loopback is not counted",
  ),
  helloBurst: required(
    "HELLO_BURST",
    integer(1, 1_000_000),
    "200",
    "New connections of it at once before that rate holds",
  ),
  requestsPerSecond: required(
    "REQUESTS_PER_SECOND",
    integer(1, 1_000_000),
    "50",
    "Requests of the API of one address (IPv6: /64) a second; loopback is not counted",
  ),
  requestBurst: required(
    "REQUEST_BURST",
    integer(1, 1_000_000),
    "300",
    "Requests of it at once before that rate holds",
  ),
  maxPages: required(
    "MAX_PAGES",
    integer(1, 1_000_000),
    "500",
    "Visits to the relay's own pages at once",
  ),
  maxClients: required("MAX_CLIENTS", integer(1, 1_000_000), "5000", "Clients online at once"),
  maxParked: required(
    "MAX_PARKED",
    integer(1, 1_000_000),
    "10000",
    "Data connections that clients keep parked at once, all together",
  ),
  maxDataSockets: required(
    "MAX_DATA_SOCKETS",
    integer(1, 1_000_000),
    "1000",
    "Data connections of clients over WebSocket at once, parked or joined",
  ),

  answerSeconds: required(
    "ANSWER_SECONDS",
    integer(1, 600),
    "10",
    "How long a client that is joined with a visitor may take for its first byte",
  ),
  idleHours: required(
    "IDLE_HOURS",
    integer(1, 4_000),
    "168",
    "Hours without a byte from visitor or client after which their connection is closed",
  ),
  drainSeconds: optional(
    "DRAIN_SECONDS",
    integer(0, 86_400),
    "How long visitors may finish when the relay stops (10 unless set), or another takes its place (3600)",
    { dev: "0", live: true },
  ),
};
