import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { elements, within } from "./der.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const tlv = (tag: number, content: Uint8Array) => {
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Uint8Array.from([tag, ...length, ...content]);
};

describe("elements", () => {
  property.prop([fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 3 })])(
    "gives back what was written one behind the other",
    (contents) => {
      const written = Buffer.concat(contents.map((content) => tlv(0x04, content)));
      const read = elements(Uint8Array.from(written));
      expect(read.map(({ content }) => Array.from(content))).toEqual(contents.map((c) => [...c]));
      expect(within(tlv(0x30, written), 0x30)).toHaveLength(contents.length);
    },
  );

  it.each([
    ["a length without end", "30 80 00 00"],
    ["a length longer than it need be", "04 81 01 00"],
    ["a length with a zero in front", "04 82 00 80"],
    ["a length of five bytes", "04 85 00 00 00 00 01 00"],
    ["more content than there is", "04 02 00"],
    ["a tag without a length", "04"],
    ["a tag of several bytes", "1f 81 00 00"],
  ])("refuses %s", (_, hex) => {
    expect(() => elements(bytes(hex))).toThrow("not DER");
  });

  it("tells where the one structure is another, or not alone", () => {
    expect(() => within(bytes("31 00"), 0x30)).toThrow("not the structure");
    expect(() => within(bytes("30 00 30 00"), 0x30)).toThrow("not the structure");
    expect(() => within(bytes(""), 0x30)).toThrow("not the structure");
  });
});
