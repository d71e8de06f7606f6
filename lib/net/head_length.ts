/**
 * Gives the answer to a HEAD request the length that GET's would have (RFC 9110 section 8.6). Where it
 * is not told the runtime says 0, since it is sent no body; call this while the body is still there.
 */
export async function tellLength(request: Request, response: Response): Promise<void> {
  if (request.method !== "HEAD" || response.body === null) return;
  const { byteLength } = await response.clone().arrayBuffer();
  response.headers.set("Content-Length", String(byteLength));
}
