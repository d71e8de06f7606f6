/** Words of a shell: the instances of glossond@.service that run, or are to. */
const INSTANCES = "$(systemctl --system list-units --state=active,reloading,activating " +
  "--plain --no-legend 'glossond@*.service' | cut -d ' ' -f 1)";

/** Scripts of the package, as dpkg runs them (Debian Policy section 6). */
export const MAINTAINER_SCRIPTS: Record<string, string> = {
  postinst: `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    # One that was set up goes on with the new program.
    deb-systemd-invoke try-restart glossond.service >/dev/null || true
    # An instance goes on until the other one takes over, so that nobody is cut off.
    for unit in ${INSTANCES}; do
      echo "glossond: $unit still runs the program before; start another instance to upgrade"
    done
  fi
  if [ ! -e /etc/glossond/settings ]; then
    echo "glossond: run 'glossond init' to set the relay up"
  fi
fi
`,
  prerm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop glossond.service ${INSTANCES} >/dev/null || true
fi
`,
  postrm: `#!/bin/sh
set -e
if [ "$1" = purge ]; then
  # Settings and secrets of "glossond init", and all that the relay kept.
  rm -rf /etc/glossond /var/lib/private/glossond
  if [ -L /var/lib/glossond ]; then rm -f /var/lib/glossond; else rm -rf /var/lib/glossond; fi
  rm -f /etc/systemd/system/multi-user.target.wants/glossond.service \\
    /etc/systemd/system/multi-user.target.wants/glossond@*.service
  rm -rf /etc/systemd/system/glossond.service.d /etc/systemd/system/glossond@*.service.d
fi
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
fi
`,
};

/** What lintian finds and is so on purpose. */
export const LINTIAN_OVERRIDES =
  `# The program and its runtime are one file, which stripping would cut in two.
glossond: unstripped-binary-or-object [usr/bin/glossond]
# The runtime is built with libraries of its own.
glossond: embedded-library lcms2 [usr/bin/glossond]
# There is no earlier version, and no bug that asks for one.
glossond: initial-upload-closes-no-bugs [usr/share/doc/glossond/changelog.gz:1]
`;
