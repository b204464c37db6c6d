import { describe, expect, it } from "vitest";
import { httpDate, messageTime, timestamp, wholeSeconds } from "./time.ts";

describe("a point in time", () => {
  it("has the form of the plane that tells it", () => {
    const time = new Date("2022-05-03T17:50:03.770Z");
    expect(httpDate(time)).toBe("Tue, 03 May 2022 17:50:03 GMT");
    expect(timestamp(time)).toBe("2022-05-03T17:50:03.77Z");
    expect(wholeSeconds(time)).toBe("2022-05-03T17:50:03Z");
    expect(messageTime(time)).toBe("2022-05-03 17:50:03Z");
  });

  it("loses trailing zeros only behind the decimal point", () => {
    expect(timestamp(new Date("2022-05-03T17:50:10.000Z"))).toBe("2022-05-03T17:50:10Z");
    expect(timestamp(new Date("2022-05-03T17:50:10.100Z"))).toBe("2022-05-03T17:50:10.1Z");
  });
});
