/** Which addresses the HTTP client goes to, and how it names them in messages. */

import { type ErrorCode, fail } from "../errors/index.ts";
import { printable } from "../formats/names.ts";

/** May this address be asked? A text says why not. */
export type UrlPolicy = (url: URL) => true | string;

/** A URL as it may be shown: without credentials, query and fragment. */
export function shownUrl(url: URL): string {
  return url.origin === "null" ? `${url.protocol}…` : `${url.origin}${url.pathname}`;
}

/**
 * @param from the URL whose server sent us here, for a redirect
 * @param code the error for a URL that is refused: LOCATOR_UNKNOWN for what a person typed, HTTP_REFUSED for what a server said
 * @throws `code` — not http or https, with credentials in it, from https to http, or against `policy`
 */
export function checkUrl(text: string, from: URL | undefined, policy: UrlPolicy, code: ErrorCode): URL {
  const tail = from === undefined ? "" : `, as ${shownUrl(from)} asks for`;
  const url = URL.canParse(text, from) ? new URL(text, from) : undefined;
  if (url === undefined) return fail(code, `expected a URL, found ${printable(text)}${tail}`);
  const where = shownUrl(url);
  const refuse = (why: string): never => fail(code, `${why}: ${where}${tail}`, { where });
  if (url.protocol !== "https:" && url.protocol !== "http:") refuse("expected an http or https URL");
  if (url.username !== "" || url.password !== "") refuse("credentials in the URL");
  if (from?.protocol === "https:" && url.protocol === "http:") refuse("not from https to http");
  const verdict = policy(url);
  if (verdict !== true) refuse(printable(verdict).slice(1, -1));
  url.hash = "";
  return url;
}
