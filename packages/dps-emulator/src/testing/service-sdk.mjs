/**
 * Microsoft's service SDK, unmodified, in a process of its own: what it trusts is told by
 * NODE_EXTRA_CA_CERTS. Does what its parent asks, one message for each operation, and answers what
 * became of it. It ends with its parent.
 */
import provisioning from "azure-iot-provisioning-service";

const { ProvisioningServiceClient } = provisioning;
const settings = JSON.parse(process.env.SDK_SETTINGS ?? "{}");

const credential = {
  async getToken(scope) {
    const { tokenUrl, clientId, clientSecret } = settings;
    const fields = { grant_type: "client_credentials", scope };
    const body = new URLSearchParams({
      ...fields,
      client_id: clientId,
      client_secret: clientSecret,
    });
    const answer = await (await fetch(tokenUrl, { method: "POST", body })).json();
    return {
      token: answer.access_token,
      expiresOnTimestamp: Date.now() + answer.expires_in * 1000,
    };
  },
};

const clients = {
  policy: ProvisioningServiceClient.fromConnectionString(settings.connectionString),
  stranger: ProvisioningServiceClient.fromConnectionString(settings.otherConnectionString),
  token: ProvisioningServiceClient.fromTokenCredential("localhost", credential),
};

/** Without a callback, this one operation of the SDK never says that it is done. */
const runBulk = (client, operation) =>
  new Promise((resolve, reject) => {
    client.runBulkEnrollmentOperation(operation, (error, responseBody) =>
      error ? reject(error) : resolve({ responseBody }),
    );
  });

/** All pages from `continuationToken` on; a query of which only promises are used forgets it. */
async function readPages(query, continuationToken) {
  const pages = [];
  let token = continuationToken;
  do {
    const { responseBody: items, httpResponse } = await query.next(token);
    token = query.continuationToken;
    pages.push({ items, next: token, itemType: httpResponse.headers["x-ms-item-type"] });
  } while (query.hasMoreResults);
  return pages;
}

async function run({ operation, args, as, continuationToken }) {
  const client = clients[as];
  if (operation.endsWith("Query")) {
    return await readPages(client[operation](...args), continuationToken);
  }
  const isBulk = operation === "runBulkEnrollmentOperation";
  return (await (isBulk ? runBulk(client, ...args) : client[operation](...args)))?.responseBody;
}

async function outcomeOf(request) {
  try {
    return { result: await run(request) };
  } catch ({ name, message, response, responseBody }) {
    return { error: { name, message, status: response?.statusCode, responseBody } };
  }
}

process.on("message", async (request) => {
  process.send({ id: request.id, ...(await outcomeOf(request)) });
});
process.on("disconnect", () => process.exit());
