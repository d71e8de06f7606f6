import type { Behaviour } from "./behaviour.ts";
import { ANSWER_FRAMING_ROWS } from "./rows/answer_framing.ts";
import { ANSWER_ROWS } from "./rows/answers.ts";
import { FIELD_ROWS } from "./rows/fields.ts";
import { HTTP2_ROWS } from "./rows/http2.ts";
import { ODD_ANSWER_ROWS } from "./rows/odd_answers.ts";
import { REQUEST_FRAMING_ROWS, REQUEST_ODDITY_ROWS } from "./rows/request_framing.ts";
import { STREAMING_ROWS } from "./rows/streaming.ts";
import { METHOD_ROWS, TARGET_ROWS } from "./rows/targets.ts";
import { UPLOAD_ROWS } from "./rows/uploads.ts";
import { UPGRADED_ROWS } from "./rows/upgraded.ts";
import { UPGRADE_ROWS } from "./rows/upgrades.ts";
import { VISITOR_ROWS } from "./rows/visitors.ts";

/** Everything that is measured, in the order of the table. */
export const BEHAVIOURS: readonly Behaviour[] = [
  ...TARGET_ROWS,
  ...METHOD_ROWS,
  ...REQUEST_FRAMING_ROWS,
  ...REQUEST_ODDITY_ROWS,
  ...FIELD_ROWS,
  ...VISITOR_ROWS,
  ...UPLOAD_ROWS,
  ...ANSWER_ROWS,
  ...ODD_ANSWER_ROWS,
  ...ANSWER_FRAMING_ROWS,
  ...STREAMING_ROWS,
  ...UPGRADE_ROWS,
  ...UPGRADED_ROWS,
  ...HTTP2_ROWS,
];
