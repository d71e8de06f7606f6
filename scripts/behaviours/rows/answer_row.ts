import {
  type Behaviour,
  exchange,
  head,
  livesOn,
  type Reply,
  unlessRefused,
} from "../behaviour.ts";
import { type Answer, valuesOf } from "../message.ts";

/** What {@linkcode answerRow} makes a behaviour of. */
export interface AnswerRow extends Partial<Behaviour> {
  what: string;
  rule: string;
  reply: Reply;
  /** The verdict on an answer with status 200, or with any when `anyStatus` is set. */
  verdict: (answer: Answer) => string;
  anyStatus?: boolean;
  /** Fields of the request. */
  fields?: string[];
  method?: string;
}

/** A behaviour that is what a visitor gets of an answer; another request has to be served then. */
export function answerRow(row: AnswerRow): Behaviour {
  const { reply, verdict, anyStatus = false, fields = [], method = "GET", ...rest } = row;
  return {
    right: ["as said"],
    ...rest,
    async measure(trial) {
      const { answer } = await exchange(trial, head(trial, `${method} /a`, ...fields), reply);
      const seen = anyStatus && answer !== undefined
        ? verdict(answer)
        : unlessRefused(answer, () => verdict(answer!));
      return await livesOn(trial) ? seen : "the next visitor is not served";
    },
  };
}

/** The verdict on one field: as it was said, or not. */
export function fieldAsSaid(name: string, value: string): (answer: Answer) => string {
  return (answer) => {
    const values = valuesOf(answer, name);
    if (values.length === 0) return "dropped";
    return values.length === 1 && values[0] === value ? "as said" : "altered";
  };
}

/** The verdict on a body. */
export function body(text: string): (answer: Answer) => string {
  return (answer) => answer.body === text ? "as said" : "other body";
}
