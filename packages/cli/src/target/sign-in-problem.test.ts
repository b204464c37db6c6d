import { describe, expect, it } from "vitest";
import { signInProblem } from "./sign-in-problem.ts";

const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const unavailable = (message: string) =>
  Object.assign(new Error(message), { name: "CredentialUnavailableError" });
const refused = (message: string) =>
  Object.assign(new Error(message), { name: "AuthenticationError" });
const chain = (...errors: Error[]) =>
  Object.assign(new Error("ChainedTokenCredential …"), { errors });

const NO_ENVIRONMENT = unavailable(
  "EnvironmentCredential is unavailable. No underlying credential could be used.",
);
const NOT_LOGGED_IN = unavailable(
  "Please run 'az login' from a command prompt to authenticate before using this credential.",
);
const NO_AZ = unavailable(
  "Azure CLI could not be found. Please visit https://aka.ms/azure-cli for installation instructions and then, once installed, authenticate to your Azure account using 'az login'.",
);

describe("why nobody is signed in", () => {
  it.each([
    ["nobody is signed in to Azure", chain(NO_ENVIRONMENT, NOT_LOGGED_IN, chain(NOT_LOGGED_IN))],
    ["nobody is signed in to Azure", undefined],
    [
      "nobody is signed in to Azure, and the Azure CLI is not installed",
      chain(NO_ENVIRONMENT, NO_AZ),
    ],
    [
      "the Azure CLI gave no token: Subscription '…' not found. Check the spelling and casing and try again. (az)",
      chain(
        NO_ENVIRONMENT,
        unavailable(
          `ERROR: Subscription '${TENANT}' not found. Check the spelling and casing and try again. (az)\nmore`,
        ),
      ),
    ],
  ])("is told in a sentence: %s", (message, error) => {
    expect(signInProblem(error)).toEqual({
      message,
      hint: expect.stringContaining("az login"),
    });
  });

  it("is what Entra ID refused, without the ids of tenant and request", () => {
    const text = `EnvironmentCredential authentication failed. Status code: 400\nMore details:\nAADSTS7000215: Invalid client secret provided for app '${TENANT}'. Trace ID: ${TENANT} Correlation ID: ${TENANT} Timestamp: 2026-11-24 00:00:00Z,`;
    expect(signInProblem(chain(NO_AZ, refused(text)))).toEqual({
      message:
        "Entra ID refused to sign in: Invalid client secret provided for app '…'. (AADSTS7000215)",
      hint: expect.stringContaining("AZURE_CLIENT_SECRET"),
    });
  });

  it.each([
    ["AZURE_TENANT_ID is no tenant's id", "Invalid tenant id provided. You can locate …"],
    [
      "AZURE_TOKEN_CREDENTIALS names no credential",
      "Invalid value for AZURE_TOKEN_CREDENTIALS = x. Valid values are 'prod' or …",
    ],
    ["the Azure CLI gave no answer", "Unexpected end of JSON input"],
  ])("is known by the package's words: %s", (message, text) => {
    expect(signInProblem(new Error(text)).message).toBe(message);
  });

  it("is a cloud that az is not set to", () => {
    const text = "ERROR: AADSTS500011: The resource principal named https://x was not found";
    expect(signInProblem(unavailable(text)).hint).toContain("az cloud show");
  });

  it("is the end of a sign-in that az tells", () => {
    const text = `ERROR: AADSTS700082: The refresh token has expired due to inactivity. Trace ID: ${TENANT}\nTo re-authenticate, please run:\naz login`;
    expect(signInProblem(unavailable(text)).hint).toContain("sign in again with az login");
  });

  it("is short, and steers no terminal", () => {
    const { message } = signInProblem(unavailable(`az: \u001b[2J${"x".repeat(5000)}`));
    expect(message.length).toBeLessThan(400);
    expect(message).not.toContain("\u001b");
  });
});
