/** What the pages tell of the relay that they are on. */
export interface RelayInfo {
  /** The base domain, with the port where it is not 443. */
  base: string;
  /** Where to report a page: a mail address, a URL or other text. */
  contact?: string | undefined;
  /** Installs the client. */
  installCommand: string;
  /** What the client's commands begin with. */
  clientCommand: string;
  /** Where the client is at home, with its help. */
  clientUrl?: string | undefined;
  /** Where the relay's source is. */
  sourceUrl?: string | undefined;
  /** The site whose profiles prove names. */
  profiles?: { name: string; url?: string | undefined } | undefined;
  /** Whom to thank; may be empty. */
  credit: string;
}

/** The command that claims a name at the relay. */
export function setupCommand({ clientCommand, base }: RelayInfo, username?: string): string {
  const name = username === undefined ? "" : ` ${username}`;
  return `${clientCommand} setup${name} --relay https://${base}`;
}

/** The command that brings a user online. */
export function runCommand({ clientCommand }: RelayInfo): string {
  return `${clientCommand} run`;
}
