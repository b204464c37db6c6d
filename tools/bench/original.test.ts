import { describe, expect, it } from "vitest";
import { hackToP256 } from "./original.js";

const SCRIPT = `algorithm="genrsa"
key_bits_length="4096"
local password_cmd=" -aes256 -passout pass:\${root_ca_password} "
local password_cmd=" -aes256 -passout pass:\${intermediate_ca_password} "
`;

describe("the original script on P-256", () => {
  it("makes EC keys, encrypted as before", () => {
    const hacked = hackToP256(SCRIPT);
    expect(hacked).toContain('algorithm="genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"');
    expect(hacked.match(/-aes256 -pass pass:1234/g)).toHaveLength(2);
    expect(hacked).not.toMatch(/4096|-passout/);
  });

  it("is not measured where the script is another", () => {
    expect(() => hackToP256(SCRIPT.replace("genrsa", "ecparam"))).toThrow("genrsa");
  });
});
