import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  concatBytes,
  decodeUtf8,
  formatCheckpoint,
  formatNote,
  formatProof,
  formatVerifierKey,
  openCheckpoint,
  openNote,
  parseCheckpoint,
  parseNote,
  parseProof,
  parseVerifierKey,
  utf8,
  verifyRecordProof,
} from "../src/index.ts";

const vector = (name: string) =>
  new Uint8Array(readFileSync(new URL(`vectors/log/${name}`, import.meta.url)));
const [, ownText = "", otherText = ""] = decodeUtf8(vector("note-keys.txt"), "keys").split("\n");
const own = parseVerifierKey(ownText);
const other = parseVerifierKey(otherText);
const note = vector("note.txt");
const checkpoint = vector("checkpoint.txt");
const proof = decodeUtf8(vector("leaf-130.tlog-proof"), "proof");
const record = utf8("leaf 130");
const code = (name: string) => expect.objectContaining({ code: name });
const text = (bytes: Uint8Array) => decodeUtf8(bytes, "note");

describe("verifier keys", () => {
  test("read and written as Go does", () => {
    expect(own).toMatchObject({ name: "log.example/test", id: "50945354", type: 1 });
    expect(formatVerifierKey(own.name, own.type, own.publicKey)).toBe(ownText);
  });

  test.each([
    ["empty", ""],
    ["without id", "log.example/test+AbSu"],
    ["with another name, so another id", ownText.replace("log.example", "evil.example")],
    ["of an unknown type", "log.example/test+50945354+BLSuv8CrZWt0hErAc2GAoTDHefKi+bCq9/MJIEyKtQHs"],
    ["too short", "log.example/test+50945354+AbSuv8Cr"],
    ["with space in its name", ownText.replace("/", " ")],
    ["with more after it", `${ownText}\n`],
  ])("refuses one %s", (_, key) => {
    expect(() => parseVerifierKey(key)).toThrow(code("KEY_MALFORMED"));
  });
});

describe("openNote", () => {
  test("gives text and signers; a blank line may stand in the text", () => {
    const opened = openNote(note, [other, own]);
    expect(opened.text).toBe("Zwei Zeilen,\n\nund eine Leerzeile dazwischen: ü\n");
    expect(opened.signedBy).toEqual([own]);
    expect(openNote(checkpoint, [own, other]).signedBy).toEqual([own, other]);
  });

  test("ignores unknown keys, also one of the same name", () => {
    expect(openNote(checkpoint, [own]).signedBy).toEqual([own]);
    expect(() => openNote(note, [other])).toThrow(code("NOTE_UNVERIFIED"));
    expect(() => openNote(note, [])).toThrow(code("NOTE_UNVERIFIED"));
  });

  test("no byte can be changed, and no prefix will do", () => {
    for (let i = 0; i < note.length; i++) {
      const changed = note.with(i, (note[i] ?? 0) ^ 1);
      expect(() => openNote(changed, [own])).toThrow(/./);
      expect(() => openNote(note.subarray(0, i), [own])).toThrow(code("NOTE_MALFORMED"));
    }
  });

  test("a bad signature of a known key rejects, even beside good ones", () => {
    const { text: body, signatures } = parseNote(checkpoint);
    const bad = signatures.map((s, i) => (i === 1 ? { ...s, signature: new Uint8Array(64) } : s));
    expect(openNote(formatNote(body, bad), [own]).signedBy).toEqual([own]);
    expect(() => openNote(formatNote(body, bad), [own, other])).toThrow(code("NOTE_UNVERIFIED"));
    const twice = [...signatures, { name: own.name, id: own.id, signature: new Uint8Array(64) }];
    expect(() => openNote(formatNote(body, twice), [own])).toThrow(code("NOTE_UNVERIFIED"));
  });

  test("many signatures, but not too many", () => {
    const { text: body, signatures } = parseNote(note);
    const stranger = (i: number) => ({
      name: `w${i}.example`,
      id: "00000001",
      signature: new Uint8Array(2428),
    });
    const strangers = (count: number) => Array.from({ length: count }, (_, i) => stranger(i));
    expect(openNote(formatNote(body, [...strangers(16), ...signatures]), [own]).signedBy).toEqual([own]);
    expect(() => parseNote(formatNote(body, strangers(101)))).toThrow(code("NOTE_MALFORMED"));
    expect(() => parseNote(concatBytes(new Uint8Array(1 << 20).fill(0x61), note))).toThrow(
      code("NOTE_MALFORMED"),
    );
  });

  test.each([
    ["a tab", (t: string) => t.replace("Zeilen", "Zei\tlen")],
    ["CR LF", (t: string) => t.replaceAll("\n", "\r\n")],
    ["a hyphen for the dash", (t: string) => t.replace("\u2014", "-")],
    ["no base64", (t: string) => t.replace("UJRT", "U!RT")],
    ["no signature", (t: string) => t.slice(0, t.indexOf("\u2014"))],
    ["an empty line at the end", (t: string) => `${t}\n`],
    ["something after the signatures", (t: string) => `${t}hello\n`],
  ])("refuses a note with %s", (_, change) => {
    expect(() => parseNote(utf8(change(text(note))))).toThrow(code("NOTE_MALFORMED"));
  });
});

describe("checkpoints", () => {
  test("opened by the log's key; formatted to the same bytes", () => {
    const opened = openCheckpoint(checkpoint, own);
    expect(opened).toMatchObject({ origin: own.name, size: 300, extensions: [] });
    expect(formatCheckpoint(opened)).toBe(parseNote(checkpoint).text);
  });

  const body = parseNote(checkpoint).text;
  test.each([
    ["no root", body.split("\n").slice(0, 2).join("\n").concat("\n")],
    ["a leading zero", body.replace("\n300\n", "\n0300\n")],
    ["a plus", body.replace("\n300\n", "\n+300\n")],
    ["a negative size", body.replace("\n300\n", "\n-1\n")],
    ["a size that is not exact", body.replace("\n300\n", "\n9007199254740993\n")],
    ["a size in hex", body.replace("\n300\n", "\n0x12c\n")],
    ["a short root", body.replace(/\n[^\n]+\n$/, "\nAAAA\n")],
    ["stray bits in the root", body.replace("HKo=", "HKp=")],
    ["an empty origin", body.replace(/^.*/, "")],
    ["an empty extension line", `${body}\nx\n`],
    ["no line end", body.slice(0, -1)],
    ["another root for the empty tree", body.replace("\n300\n", "\n0\n")],
  ])("refuses %s", (_, changed) => {
    expect(() => parseCheckpoint(changed)).toThrow(code("CHECKPOINT_MALFORMED"));
  });

  test("extension lines are kept", () => {
    expect(parseCheckpoint(`${body}more\n`).extensions).toEqual(["more"]);
  });
});

describe("proofs", () => {
  test("read and written to the same bytes, with extra or without", () => {
    expect(formatProof(parseProof(proof))).toBe(proof);
    const extra = { ...parseProof(proof), extra: utf8("hello") };
    expect(formatProof(extra)).toContain("@v1\nextra aGVsbG8=\nindex 130\n");
    expect(parseProof(formatProof(extra))).toEqual(extra);
    expect(verifyRecordProof(record, formatProof(extra), [own]).index).toBe(130);
  });

  test("a record that Go's log holds", () => {
    expect(verifyRecordProof(record, proof, [other, own])).toEqual({
      origin: "log.example/test",
      keyName: "log.example/test",
      verifierKey: expect.stringMatching(/^log\.example\/test\+/),
      index: 130,
      size: 300,
      root: /^root 300 (.+)$/m.exec(text(vector("merkle.txt")))?.[1],
    });
  });

  const mutate = (from: string | RegExp, to: string) => proof.replace(from, to);
  const stranger = parseVerifierKey(formatVerifierKey("stranger.example", 1, own.publicKey));
  const impostor = parseVerifierKey(formatVerifierKey(own.name, 1, new Uint8Array(32).fill(9)));
  test.each([
    ["another header", mutate("@v1", "@v2"), [own], "PROOF_MALFORMED"],
    ["no index", mutate("index 130\n", ""), [own], "PROOF_MALFORMED"],
    ["an index with a zero before", mutate("index 130", "index 0130"), [own], "PROOF_MALFORMED"],
    ["an index outside the tree", mutate("index 130", "index 300"), [own], "PROOF_MALFORMED"],
    ["a hash too few", mutate(/(index 130\n)[^\n]+\n/, "$1"), [own], "PROOF_MALFORMED"],
    ["a hash too many", mutate(/(index 130\n)([^\n]+\n)/, "$1$2$2"), [own], "PROOF_MALFORMED"],
    ["a short hash", mutate(/(index 130\n)[^\n]+\n/, "$1AAAA\n"), [own], "PROOF_MALFORMED"],
    [
      "64 hashes",
      mutate("index 130\n", `index 130\n${`${"A".repeat(43)}=\n`.repeat(64)}`),
      [own],
      "PROOF_MALFORMED",
    ],
    ["an extra line without base64", mutate("index", "extra !\nindex"), [own], "PROOF_MALFORMED"],
    ["two extra lines", mutate("index", "extra AAAA\nextra AAAA\nindex"), [own], "PROOF_MALFORMED"],
    ["a surrogate", mutate("log.example", "log\ud800example"), [own], "PROOF_MALFORMED"],
    ["nothing", "", [own], "PROOF_MALFORMED"],
    ["no checkpoint", mutate(/\n\n.*/s, "\n\n"), [own], "NOTE_MALFORMED"],
    ["a checkpoint of something else", mutate("\n300\n", "\nx\n"), [own], "CHECKPOINT_MALFORMED"],
    ["another index", mutate("index 130", "index 131"), [own], "PROOF_MISMATCH"],
    ["another hash", mutate(/(index 130\n)[^\n]+\n/, `$1${"A".repeat(43)}=\n`), [own], "PROOF_MISMATCH"],
    ["another size", mutate("\n300\n", "\n301\n"), [own], "NOTE_UNVERIFIED"],
    ["a log nobody knows", proof, [stranger], "LOG_UNKNOWN"],
    ["no known log", proof, [], "LOG_UNKNOWN"],
    ["the log's name and another key", proof, [impostor], "NOTE_UNVERIFIED"],
  ])("refuses %s", (_, changed, keys, expected) => {
    expect(() => verifyRecordProof(record, changed, keys)).toThrow(code(expected));
  });

  test("refuses another record", () => {
    expect(() => verifyRecordProof(utf8("leaf 131"), proof, [own])).toThrow(code("PROOF_MISMATCH"));
  });

  test("no character can be changed but in lines of unknown keys", () => {
    const end = proof.lastIndexOf("\u2014");
    for (let i = 0; i < end; i++) {
      const changed = `${proof.slice(0, i)}${String.fromCharCode(proof.charCodeAt(i) ^ 1)}${proof.slice(i + 1)}`;
      expect(() => verifyRecordProof(record, changed, [own])).toThrow(/./);
    }
  });
});
