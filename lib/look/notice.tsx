import type { JSX } from "hono/jsx/jsx-runtime";
import { Command } from "./command.tsx";
import { Frame, type FrameProps } from "./frame.tsx";
import { Scene, type SceneKind } from "./scene.tsx";
import { WORDS } from "./words.ts";

/** Text of a page, with links and code in it where it needs them. */
export type Text = string | JSX.Element;

/** What a page that tells one thing says. */
export interface Notice {
  title: string;
  /** @default {title} */
  heading?: Text;
  /** The thing itself. */
  lead: Text;
  /** What will happen without the visitor's doing anything; plain, since the script changes it. */
  note?: string;
  /** For whom it is the own page. */
  hint?: Text;
  /** What they may type. */
  command?: string;
}

/** Properties of {@linkcode NoticePage}. */
export interface NoticePageProps extends Omit<FrameProps, "title" | "commands" | "listed"> {
  scene: SceneKind;
  notice: Notice;
  /** Somebody's own words. */
  quote?: string | undefined;
  /** Whether the visitor sent something, which a retry would lose. */
  sent?: boolean;
}

/** A page that tells one thing, under a picture of it. */
export function NoticePage(props: NoticePageProps): JSX.Element {
  const { language, page, footer, scene, notice, quote = "", sent = false } = props;
  const { title, heading = title, lead, note, hint, command } = notice;
  const words = WORDS[language];
  const retry = sent ? undefined : props.retry;
  return (
    <Frame {...{ language, page, title, retry, footer }} commands={command !== undefined}>
      <Scene kind={scene} />
      <h1>{heading}</h1>
      <p class="lead">{lead}</p>
      {quote.trim() !== "" && <blockquote dir="auto">{quote}</blockquote>}
      {retry !== undefined && (
        <>
          <p
            class="note"
            role="status"
            data-offline={words.deviceOffline}
            data-opening={words.opening}
          >
            {note}
          </p>
          <p>
            <a class="button" href={retry.url}>{words.tryAgain}</a>
          </p>
        </>
      )}
      {sent && props.retry !== undefined && <p class="note">{words.formLost}</p>}
      {hint !== undefined && <p class="soft">{hint}</p>}
      {command !== undefined && <Command language={language}>{command}</Command>}
    </Frame>
  );
}
