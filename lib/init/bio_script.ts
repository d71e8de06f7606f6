import EXAMPLE from "../../get_bio.example.py" with { type: "text" };

/** Where the bio script finds a profile, and the bio in it, as the example tells. */
export interface Profile {
  /** With `{name}` where the username goes. */
  url: string;
  selector: string;
}

/** The script that an operator begins with. */
export const BIO_EXAMPLE = EXAMPLE;

/** The example's text with a profile's address in it. */
export function withProfile(script: string, { url, selector }: Profile): string {
  return withConstant(withConstant(script, "PROFILE_URL", url), "PROFILE_SELECTOR", selector);
}

function withConstant(script: string, name: string, value: string): string {
  const line = new RegExp(`^${name} = .*$`, "m");
  if (!line.test(script)) throw new Error(`The script has no line ${name} = …`);
  // A string of JSON is one of Python, too.
  return script.replace(line, () => `${name} = ${JSON.stringify(value)}`);
}

/** Whether a bio script is the example as it came: it then knows no profile of anybody. */
export function isUnedited(script: string): boolean {
  return plain(script) === plain(EXAMPLE);
}

/** Without what an editor or another system may do to line ends. */
function plain(text: string): string {
  return text.replace(/\r\n?/g, "\n").trim();
}
