import { USERNAME_PATTERN } from "../wire/username.ts";

const USERNAME = new RegExp(USERNAME_PATTERN);

/** Whether `text` is a username as the protocol has it; upper case is not. */
export function isUsername(text: string): boolean {
  return USERNAME.test(text);
}
