import type { Renew } from "../admin/commands.ts";
import { OrderBusyError } from "../certificate/order_record.ts";
import type { RelayCertificate } from "../certificate/relay_certificate.ts";

/** Makes what `glossond cert renew` asks the running relay for; it goes as when none runs. */
export function createRenewal(certificate: RelayCertificate): Renew {
  return async (force, tell) => {
    function end(result: "renewed" | "not due" | "failed" | "busy", fields: object): void {
      const { selfSigned, notAfter } = certificate.status();
      tell({ result, fields: { ...fields }, usable: !selfSigned && notAfter > Date.now() });
    }

    const { ordering, renewAt, selfSigned } = certificate.status();
    if (ordering) tell({ step: "waiting for another order", fields: { of: "the relay" } });
    else if (!force && !selfSigned && Date.now() < renewAt) {
      return end("not due", {
        renewalDue: new Date(renewAt).toISOString(),
        hint: "--force renews all the same",
      });
    }
    try {
      // An order that runs already is joined.
      await certificate.renewNow((step, fields = {}) => tell({ step, fields }));
      end("renewed", { notAfter: new Date(certificate.current().notAfter).toISOString() });
    } catch (error) {
      const why = (error as Error).message;
      if (error instanceof OrderBusyError) return end("busy", { why });
      const { selfSigned } = certificate.status();
      end("failed", {
        why,
        installed: selfSigned
          ? "no usable certificate is installed"
          : "the installed certificate stays",
      });
    }
  };
}
