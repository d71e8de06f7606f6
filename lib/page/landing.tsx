import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type Place } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Tells what the relay is for, how to install the client, and what the relay can see. */
export function LandingPage(props: Place): JSX.Element {
  return (
    <Layout {...props} page="landing" title="Glosson: a page of your own, from your own computer">
      <Scene kind="home" />
      <h1>A page of your own, from your own computer</h1>
      <p class="lead">
        Glosson puts your personal notification page on the web, at an address of its own, while
        everything on it stays at home: on the computer in front of you.
      </p>
      <p>
        You run a small program. It keeps a line open to this relay, and the relay sends the
        visitors of <code>https://you.{props.base}</code>{" "}
        down that line. No server to rent, no router to configure, no domain to buy.
      </p>

      <h2 id="setup">Move in</h2>
      <ol class="steps">
        <li>
          Install the client. You need Python 3.
          <Command>python3 -m pip install 'git+https://git.32bit.cafe/kaylee/glosson.git'</Command>
        </li>
        <li>
          Claim your name. You are given a short code to put into the bio of your profile, which
          shows that the name is yours.
          <Command>python -m glosson setup</Command>
        </li>
        <li>
          Open the door, and leave it running. While it does, your page is online; when it stops,
          visitors find a friendly note, and your page as soon as you are back.
          <Command>python -m glosson run</Command>
        </li>
      </ol>

      <h2>What stays yours</h2>
      <p>
        Visitors talk to your computer through TLS, encrypted from end to end. The key to it is made
        on your computer and never leaves it.
      </p>
      <p>
        The relay reads one thing from a visitor’s connection: the name of the page that it is for.
        The rest is bytes that it cannot read. It sees no page, no password and no message; what it
        cannot help seeing is who connects, when, and how much is sent.
      </p>
      <p>
        While you are away, the note that visitors find is the relay’s own, under the relay’s own
        certificate.
      </p>
    </Layout>
  );
}

function Command({ children }: { children: string }): JSX.Element {
  return <pre><code>{children}</code></pre>;
}
