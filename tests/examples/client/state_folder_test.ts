import assert from "node:assert/strict";
import { join } from "node:path";
import { stateFolder } from "../../../examples/client/state_folder.ts";

Deno.test("stateFolder() looks at the option, then the variables in their order", () => {
  const env: Record<string, string> = {
    GLOSSON_STATE: "/state",
    XDG_CONFIG_HOME: "/xdg",
    HOME: "/home/kaylee",
    APPDATA: "/roaming",
  };
  const read = (name: string): string | undefined => env[name];
  assert.equal(stateFolder("/option", read), "/option");
  assert.equal(stateFolder(undefined, read), "/state");
  env.GLOSSON_STATE = "";
  assert.equal(stateFolder(undefined, read), join("/xdg", "glosson"));
  for (const nowhere of ["", "relative/config", undefined]) {
    if (nowhere === undefined) delete env.XDG_CONFIG_HOME;
    else env.XDG_CONFIG_HOME = nowhere;
    assert.equal(stateFolder(undefined, read), join("/home/kaylee", ".config", "glosson"));
  }
  delete env.HOME;
  assert.equal(stateFolder(undefined, read), join("/roaming", "glosson"));
  delete env.APPDATA;
  assert.throws(() => stateFolder(undefined, read), /--state DIR/);
  env.GLOSSON_STATE = "/state";
  assert.throws(() => stateFolder("", read), /--state names no folder/);
});
