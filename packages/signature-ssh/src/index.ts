/** @countersign/signature-ssh: SSH signatures (SSHSIG), checked in process. For Node and browsers. */

export { namespaceOf } from "./namespace.ts";
export { sshScheme } from "./scheme.ts";
