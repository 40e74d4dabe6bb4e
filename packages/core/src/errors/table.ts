/**
 * Every error that Countersign raises: its code, the exit status of the command line, and what to do next.
 * Codes are stable, messages are not. The documentation's page of errors is made from this table.
 *
 * Exit: 1 checked, and it does not hold · 2 wrong usage, configuration or input · 3 could not check · 4 not allowed.
 */

export interface ErrorEntry {
  readonly exit: 1 | 2 | 3 | 4;
  readonly hint: string;
}

const entry = (exit: ErrorEntry["exit"], hint: string): ErrorEntry => ({ exit, hint });

const table = {
  // --- artifacts and the files of a release
  ARTIFACT_MISMATCH: entry(1, "Do not use it. Compare its source with the project's own download page."),
  ARTIFACT_UNKNOWN: entry(1, "Do not use it. Give the bundle of the release it claims to be from."),
  ARTIFACT_RENAMED: entry(
    1,
    "The bytes are of another artifact of this release. Give the file its own name back.",
  ),
  ARTIFACT_SIZE: entry(1, "Do not use it. It was cut short or padded on its way; fetch it again."),
  ARTIFACT_MISSING: entry(1, "Fetch the artifact, or name the files that you have."),
  NAME_REFUSED: entry(
    1,
    "File names of a release hold ASCII letters, digits and . _ + ~ @ -, and begin with a letter or digit.",
  ),
  FILE_CHANGED: entry(3, "Something wrote to the file while it was read. Run again when it is at rest."),
  FILE_TOO_LARGE: entry(1, "No honest file of this kind is so large. Fetch it again from another place."),
  // --- formats
  JSON_MALFORMED: entry(1, "The file is damaged or is not what it is named. Fetch it again."),
  UTF8_MALFORMED: entry(1, "The file is damaged or is not what it is named. Fetch it again."),
  MANIFEST_MALFORMED: entry(
    1,
    "A manifest has lines of 64 hex digits, two spaces and a name, as sha256sum writes them.",
  ),
  STATEMENT_MALFORMED: entry(1, "Make the release statement with `countersign pack`; do not edit it."),
  STATEMENT_MISMATCH: entry(
    1,
    "Manifest and release statement contradict each other. Do not use this release.",
  ),
  BUNDLE_MALFORMED: entry(
    1,
    "The bundle is damaged or of a newer version. Fetch it again, or update Countersign.",
  ),
  BUNDLE_MISSING: entry(3, "Put the release's .countersign.json beside the file, or name it with --bundle."),
  RECORD_MALFORMED: entry(
    1,
    "The record is damaged or of a newer version. Fetch the bundle again, or update Countersign.",
  ),
  RECORD_MISMATCH: entry(1, "The log recorded something else under this name. Do not use this release."),
  GIT_OBJECT_MALFORMED: entry(
    1,
    "The tag or commit is not in git's form. Make the release again from a sound repository.",
  ),
  // --- whose release it is
  PROJECT_MISMATCH: entry(
    1,
    "This is a release of another project. Check what you meant to fetch, and which policy you pinned.",
  ),
  VERSION_MISMATCH: entry(
    1,
    "This is another version than the one asked for. Check what you meant to fetch.",
  ),
  // --- signatures and keys
  SIGNATURE_BAD: entry(1, "The signature does not fit the bytes. Do not use this release."),
  SIGNATURE_MALFORMED: entry(1, "The signature file is damaged. Fetch it again."),
  SIGNATURE_UNJUDGED: entry(
    1,
    "The signature cannot be judged: a key or an algorithm is missing here. See the reason.",
  ),
  SIGNATURE_PURPOSE: entry(1, "The signature was made for another purpose and does not count here."),
  KEY_UNKNOWN: entry(
    1,
    "No key of the policy made this signature. If the signer has a new key, update the policy from its owners.",
  ),
  KEY_EXPIRED: entry(1, "The key was not valid at that time. Ask the signer for a signature by a valid key."),
  KEY_REVOKED: entry(1, "The signer withdrew this key. Do not rely on this signature."),
  KEY_MALFORMED: entry(2, "Give an OpenPGP keyring, an SSH public key, or an allowed-signers file."),
  KEY_WEAK: entry(1, "The key or digest is too weak to count. Ask the signer for a stronger one."),
  KEY_LOCKED: entry(
    4,
    "Give the passphrase in a file with --passphrase-file, or sign with --gpg and its agent.",
  ),
  SIGNER_FAILED: entry(
    4,
    "See what the signing program said. Is the card inserted, the agent running, the key yours?",
  ),
  SCHEME_UNKNOWN: entry(2, "No adapter here knows this kind of signature. Supported: openpgp, ssh."),
  // --- tags and source
  TAG_UNSIGNED: entry(
    1,
    "Sign it (`git tag -s`), or say --insecure-unsigned-tag if you accept that nobody vouches for it.",
  ),
  TAG_MISMATCH: entry(
    1,
    "The tag does not name what it is said to name. Fetch it from the maintainer, not the host.",
  ),
  TAG_UNKNOWN: entry(2, "Name a tag that exists in this repository, without refs/tags/."),
  REPOSITORY_UNREADABLE: entry(2, "Give the path of a git repository with --repo."),
  SOURCE_REFUSED: entry(
    2,
    "What the tag holds cannot be packed the same way everywhere. See the message for what to change.",
  ),
  TREE_MISMATCH: entry(1, "The tarball does not hold the tree that the tag names. Do not use it."),
  ARCHIVE_MALFORMED: entry(1, "The archive is damaged or ambiguous. Do not unpack it."),
  // --- log
  NOTE_MALFORMED: entry(1, "The signed note is damaged. Fetch it again."),
  NOTE_UNVERIFIED: entry(
    1,
    "No trusted key signed this note. Compare the log's key with the one in your policy.",
  ),
  CHECKPOINT_MALFORMED: entry(1, "The checkpoint is damaged. Fetch it again."),
  PROOF_MALFORMED: entry(1, "The proof is damaged. Fetch the bundle again."),
  PROOF_MISMATCH: entry(1, "Do not install. Send both checkpoints to the log's operator."),
  LOG_UNKNOWN: entry(1, "The policy does not name this log. Ask the project's owners which log is theirs."),
  LOG_MALFORMED: entry(
    1,
    "The log's files are damaged. Run `countersign log check` and restore from a backup.",
  ),
  LOG_FORKED: entry(1, "Keep both checkpoints: together they prove that the log was rewritten."),
  LOG_LOCKED: entry(3, "Another process is writing to this log. Wait for it to end and run again."),
  LOG_UNAVAILABLE: entry(3, "The log did not answer. Try again later; nothing was lost."),
  LOG_EXISTS: entry(2, "There is a log already. Choose another directory; a log is never begun anew."),
  LOG_MISSING: entry(2, "Make a log with `countersign log init`, or name one with --log."),
  // --- policy and trust
  POLICY_MALFORMED: entry(
    2,
    "Correct the policy at the place that the message names; `countersign policy check` reads it again.",
  ),
  POLICY_NOT_SEALED: entry(2, "Seal it first: `countersign policy seal`."),
  POLICY_WEAK: entry(1, "See which attack the message names, and ask for one more signer."),
  POLICY_NOT_PINNED: entry(2, "Pin one with `countersign trust add`, or give one with --policy."),
  POLICY_REPLACED: entry(
    2,
    "Another policy is pinned for this project. Compare them; then `trust remove` and `trust add`.",
  ),
  QUORUM_MISSING: entry(1, "Too few of the right people have signed. Ask those whom the message names."),
  RECORD_MISSING: entry(
    1,
    "The policy asks for a log's record and the bundle has none. Fetch the bundle from the project.",
  ),
  NOTHING_VERIFIED: entry(
    1,
    "Give at least one artifact of the release; a bundle alone says nothing about your file.",
  ),
  TOO_MUCH_EVIDENCE: entry(1, "No honest release has so many files. Remove what does not belong to it."),
  // --- places
  LOCATOR_UNKNOWN: entry(2, "A locator looks like directory:/srv/downloads@1.2.3 or https://host/path/."),
  RELEASE_MISSING: entry(3, "There is no such release at that place. Check the version and the place."),
  RELEASE_AMBIGUOUS: entry(2, "Name one of the versions, as in directory:/srv/downloads@1.2.3."),
  RELEASE_INCOMPLETE: entry(1, "Run `countersign stage` again; what is there already is not sent twice."),
  PLACE_READONLY: entry(2, "Name a place that can be written to, such as directory:/srv/downloads."),
  ASSET_CONFLICT: entry(
    1,
    "Other bytes stand under this name. Before publication, `stage --replace-staged NAME` replaces them.",
  ),
  ALREADY_PUBLISHED: entry(1, "What was published is never replaced. Make a new version."),
  NETWORK_FAILED: entry(3, "Check the connection and run again; finished parts are kept."),
  HTTP_STATUS: entry(3, "The server did not serve the file. Check the address, or try a mirror."),
  HTTP_REFUSED: entry(3, "The server's answer breaks a rule named in the message. Try a mirror."),
  ACCESS_REFUSED: entry(4, "Check the token or the permissions for this place."),
  ABORTED: entry(3, "The run was stopped. Run it again to finish; nothing is done twice."),
  // --- usage
  USAGE: entry(2, "See `countersign help`."),
  CONFIG_MALFORMED: entry(2, "Correct countersign.yaml at the place that the message names."),
  FILE_UNREADABLE: entry(2, "Check the path and its permissions."),
  FILE_EXISTS: entry(2, "Nothing is overwritten. Move the file away, or choose another place."),
  TOOL_MISSING: entry(2, "Install the program that the message names, or leave out what needs it."),
  TOOL_FAILED: entry(3, "See what the program said, and run again."),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof table;

/** The table: code → exit status and hint. */
export const errorTable: Readonly<Record<ErrorCode, ErrorEntry>> = table;
