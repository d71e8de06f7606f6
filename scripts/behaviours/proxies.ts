/** How long visitor and app may be silent while something is under way, as each program is told; s. */
export const SILENCE_S = 3;

/** Where a proxy listens and what it passes on to. */
export interface ProxyGround {
  port: number;
  app: number;
  /** PEM of certificate and key. */
  identity: string;
  dir: string;
  hostname: string;
}

/** A reverse proxy of Debian's, set up as its documentation has it. */
export interface Proxy {
  name: string;
  program: string;
  /** The package that brings it. */
  package: string;
  /** Arguments that print its version. */
  version: string[];
  config: (ground: ProxyGround) => string;
  /** Arguments that run it in the foreground with the configuration in `file`. */
  args: (file: string, dir: string) => string[];
}

/** The proxies that glosson is compared with. */
export const PROXIES: readonly Proxy[] = [
  {
    name: "nginx",
    program: "/usr/sbin/nginx",
    package: "nginx",
    version: ["-v"],
    config: ({ port, app, identity, dir, hostname }) => `
user root;
daemon off;
pid nginx.pid;
error_log nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
  }
  server {
    listen 127.0.0.1:${port} ssl http2;
    server_name ${hostname};
    ssl_certificate ${identity};
    ssl_certificate_key ${identity};
    client_max_body_size 0;
    client_body_timeout ${SILENCE_S}s;
    send_timeout ${SILENCE_S}s;
    proxy_read_timeout ${SILENCE_S}s;
    proxy_send_timeout ${SILENCE_S}s;
    location / {
      proxy_pass http://127.0.0.1:${app};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`,
    args: (file, dir) => ["-c", file, "-p", dir, "-e", "nginx.log"],
  },
  {
    name: "Caddy",
    program: "/usr/bin/caddy",
    package: "caddy",
    version: ["version"],
    config: ({ port, app, identity, dir, hostname }) => `
{
  admin off
  auto_https off
  storage file_system ${dir}/storage
}
https://${hostname}:${port} {
  bind 127.0.0.1
  tls ${identity} ${identity}
  reverse_proxy 127.0.0.1:${app} {
    transport http {
      response_header_timeout ${SILENCE_S}s
    }
  }
}
`,
    args: (file) => ["run", "--config", file, "--adapter", "caddyfile"],
  },
];
