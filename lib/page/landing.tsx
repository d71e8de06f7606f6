import type { JSX } from "hono/jsx/jsx-runtime";
import { Command } from "../look/command.tsx";
import { Frame } from "../look/frame.tsx";
import type { Language } from "../look/language.ts";
import { Scene } from "../look/scene.tsx";
import { Profiles } from "./links.tsx";
import { type RelayInfo, runCommand, setupCommand } from "./relay_info.ts";
import { TlsPicture } from "./tls_picture.tsx";
import { TEXTS } from "./texts.ts";

/** Properties of {@linkcode LandingPage}. */
export interface LandingPageProps {
  language: Language;
  relay: RelayInfo;
  footer: JSX.Element;
}

/** Tells what the relay is for, how to install the client, and what the relay can see. */
export function LandingPage({ language, relay, footer }: LandingPageProps): JSX.Element {
  const texts = TEXTS[language].landing;
  const { base, profiles, clientUrl, sourceUrl } = relay;
  return (
    <Frame {...{ language, footer }} page="landing" title={texts.title} commands listed>
      <Scene kind="home" />
      <h1>{texts.heading}</h1>
      <p class="lead">{texts.lead}</p>
      <p>{texts.how(`https://you.${base}`)}</p>

      <h2 id="setup">{texts.moveIn}</h2>
      <ol class="steps">
        <li>
          {texts.install}
          <Command language={language}>{relay.installCommand}</Command>
        </li>
        <li>
          {texts.claim(profiles && <Profiles {...profiles} />)}
          <Command language={language}>{setupCommand(relay)}</Command>
        </li>
        <li>
          {texts.run}
          <Command language={language}>{runCommand(relay)}</Command>
        </li>
      </ol>
      {clientUrl !== undefined && <p>{texts.help(clientUrl)}</p>}

      <h2>{texts.whereTlsEnds}</h2>
      <TlsPicture {...texts.ends} />

      <h2>{texts.staysYours}</h2>
      {texts.privacy.map((paragraph, i) => <p key={i}>{paragraph}</p>)}
      {sourceUrl !== undefined && <p>{texts.source(sourceUrl)}</p>}
    </Frame>
  );
}
