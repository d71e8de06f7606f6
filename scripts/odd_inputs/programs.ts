import { NAME } from "./inputs.ts";

/** Ports that a program is to use. */
export interface Ports {
  /** Where it listens. */
  relay: number;
  /** The backend of {@linkcode NAME}, and that of everybody else. */
  kaylee: number;
  default: number;
}

/** A program of Debian's that relays by SNI, set up as its documentation has it. */
export interface Program {
  name: string;
  /** Files without which it is not installed; the first one is run. */
  files: [string, ...string[]];
  /** The package that brings it. */
  package: string;
  /** Arguments that print its version. */
  version: string[];
  /** Text of its configuration. */
  config: (ports: Ports) => string;
  /** Arguments that run it in the foreground with the configuration in `file`. */
  args: (file: string, dir: string) => string[];
}

const PATTERN = NAME.replaceAll(".", "\\.");

/** The programs that glossond is compared with. */
export const PROGRAMS: readonly Program[] = [
  {
    name: "nginx",
    files: ["/usr/sbin/nginx", "/usr/lib/nginx/modules/ngx_stream_module.so"],
    package: "libnginx-mod-stream",
    version: ["-v"],
    config: (ports) => `
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
pid nginx.pid;
error_log nginx.log;
events {}
stream {
  map $ssl_preread_server_name $backend {
    hostnames;
    ${NAME} 127.0.0.1:${ports.kaylee};
    default 127.0.0.1:${ports.default};
  }
  server {
    listen 127.0.0.1:${ports.relay};
    ssl_preread on;
    preread_timeout 5s;
    proxy_pass $backend;
  }
}
`,
    args: (file, dir) => ["-c", file, "-p", dir, "-e", "nginx.log"],
  },
  {
    name: "HAProxy",
    files: ["/usr/sbin/haproxy"],
    package: "haproxy",
    version: ["-v"],
    config: (ports) => `
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend visitors
  bind 127.0.0.1:${ports.relay}
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.ssl_hello_type 1 }
  use_backend kaylee if { req.ssl_sni -i ${NAME} }
  default_backend other
backend kaylee
  server kaylee 127.0.0.1:${ports.kaylee}
backend other
  server other 127.0.0.1:${ports.default}
`,
    args: (file) => ["-db", "-f", file],
  },
  {
    name: "sniproxy",
    files: ["/usr/sbin/sniproxy"],
    package: "sniproxy",
    version: ["-V"],
    config: (ports) => `
user root
pidfile /dev/null
error_log {
  filename /dev/null
}
listener 127.0.0.1:${ports.relay} {
  proto tls
  table visitors
  fallback 127.0.0.1:${ports.default}
}
table visitors {
  ^${PATTERN}$ 127.0.0.1:${ports.kaylee}
  .* 127.0.0.1:${ports.default}
}
`,
    args: (file) => ["-f", "-c", file],
  },
  {
    name: "sslh",
    files: ["/usr/sbin/sslh-select"],
    package: "sslh",
    version: ["-V"],
    config: (ports) => `
foreground: true;
timeout: 5;
on-timeout: "anyprot";
listen: ( { host: "127.0.0.1"; port: "${ports.relay}"; } );
protocols: (
  { name: "tls"; host: "127.0.0.1"; port: "${ports.kaylee}"; sni_hostnames: [ "${NAME}" ]; },
  { name: "anyprot"; host: "127.0.0.1"; port: "${ports.default}"; }
);
`,
    args: (file) => ["-f", `-F${file}`],
  },
];
