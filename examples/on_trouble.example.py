#!/usr/bin/env python3
"""Send the operator a mail about trouble: an example for GLOSSOND_ON_TROUBLE.

    python3 on_trouble.example.py NOTICE

Copy it, put your address in, and name the copy in GLOSSOND_ON_TROUBLE. NOTICE is a JSON object:

  state   "begun", "lasts" (once a day) or "over"
  kind    "renewal-failing", "certificate-expiring", "descriptors", "state-unwritable", "disk-low" or
          "other-relays"
  detail  what is so                    since   when it was noticed (RFC 3339)
  fix     what to do about it           relay   the base domain

It runs like the bio script: a nearly empty environment, no stdin, 10 seconds. When it ends otherwise
than with 0 it is run again half a minute later.
"""

import email.message
import json
import smtplib
import sys

ADDRESS = "operator@example.org"
MAIL_SERVER = ("localhost", 25)


def main(notice: dict[str, str]) -> None:
    mail = email.message.EmailMessage()
    mail["From"] = mail["To"] = ADDRESS
    mail["Subject"] = f"{notice['relay']}: {notice['kind']} {notice['state']}"
    mail.set_content(f"{notice['detail']}\n\n{notice['fix']}\n\nsince {notice['since']}\n")
    with smtplib.SMTP(*MAIL_SERVER, timeout=8) as server:
        server.send_message(mail)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
