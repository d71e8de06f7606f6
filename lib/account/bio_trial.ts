import { SILENT_LOG } from "../log.ts";
import { type BioResult, createBioCommand } from "./bio_command.ts";

/** What the operator's script did for one username. */
export interface BioTrial {
  /** Path of the script. */
  script: string;
  result: BioResult;
  /** The beginning of what it wrote to standard error. */
  stderr: string;
  tookMs: number;
}

/** Runs the operator's script once as for a claim, and keeps what is else logged. Never rejects. */
export async function tryBio(script: string, username: string): Promise<BioTrial> {
  let stderr = "";
  const note = (_: string, fields: Record<string, unknown> = {}): void => {
    stderr = String(fields.stderr ?? fields.error ?? "");
  };
  const { run } = createBioCommand({ script, log: { ...SILENT_LOG, warn: note, error: note } });
  const startedAt = performance.now();
  const result = await run(username);
  return { script, result, stderr, tookMs: Math.round(performance.now() - startedAt) };
}
