/** How long the other side may take. */
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Sends a notice to a URL, as JSON by POST.
 *
 * @throws {Error} when the other side does not take it; the message has nothing of the URL, which may be
 * secret, but its host.
 */
export async function postNotice(url: string, notice: unknown): Promise<void> {
  const { host } = new URL(url);
  let status: number;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(notice),
      // Elsewhere it is nobody's who was named.
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    status = response.status;
    await response.body?.cancel();
  } catch (error) {
    const { name } = error as Error;
    throw new Error(
      `${host} ${name === "TimeoutError" ? "did not answer in time" : "cannot be reached"}`,
    );
  }
  if (status < 200 || status > 299) throw new Error(`${host} answered ${status}`);
}
