import type { Figures } from "./figures.ts";
import type { Instruments } from "./instruments.ts";

/** Adds how certificates and their orders stand to the metrics. */
export function addCertificates(to: Instruments, figures: Figures): void {
  to.gauge({
    name: "glossond_certificate_expiry_timestamp_seconds",
    help: "End of the relay's own certificate, Unix time; 0 while it is self-signed",
    read() {
      const { selfSigned, notAfter } = figures.certificate();
      return selfSigned ? 0 : notAfter / 1000;
    },
  });
  to.gauge({
    name: "glossond_certificate_lifetime_seconds",
    help: "How long the relay's own certificate is good, from its first moment to its last",
    read() {
      const { notBefore, notAfter } = figures.certificate();
      return (notAfter - notBefore) / 1000;
    },
  });
  to.gauge({
    name: "glossond_certificate_order_failures",
    help: "Failed orders of the relay's own certificate in a row",
    read: () => figures.certificate().failures,
  });
  to.gauge({
    name: "glossond_certificate_orders",
    help: "Users' certificate orders, by state",
    label: "state",
    async read() {
      const { waiting, running } = await figures.issuance();
      return [["waiting", waiting], ["running", running]];
    },
  });
  to.gauge({
    name: "glossond_certificate_new_names_week",
    help: "Certificates signed for new names in the last seven days",
    read: async () => (await figures.issuance()).newNamesThisWeek,
  });
}
