/** Ids for devices that are to be made. They do not differ by letter case alone: those of the service do not. */
import { CaToolsError } from "../errors.ts";
import { checkDeviceId } from "../folder/layout.ts";
import { listDeviceIds } from "./load-device.ts";

/** @throws {CaToolsError} `invalid-name` for an id that is reserved, or named twice */
export function checkNewIds(ids: readonly string[]): void {
  for (const id of ids) checkDeviceId(id);
  const seen = new Map<string, string>();
  for (const id of ids) {
    const other = seen.get(id.toLowerCase());
    if (other !== undefined) {
      throw new CaToolsError("invalid-name", `${other} and ${id} name one device`, {
        hint: "name each device once; ids do not differ by letter case alone",
      });
    }
    seen.set(id.toLowerCase(), id);
  }
}

/**
 * @param force - whether a device that is there may be replaced by one of the very same id
 * @throws {CaToolsError} `exists`
 */
export async function refusePresent(
  folder: string,
  ids: readonly string[],
  force: boolean,
): Promise<void> {
  const present = new Map((await listDeviceIds(folder)).map((id) => [id.toLowerCase(), id]));
  for (const id of ids) {
    const other = present.get(id.toLowerCase());
    if (other !== undefined && (!force || other !== id)) throw deviceExists(id, other);
  }
}

function deviceExists(id: string, other: string): CaToolsError {
  const same = id === other;
  return new CaToolsError(
    "exists",
    same
      ? `there is already a certificate for device ${id}`
      : `there is already a device ${other}, and ids do not differ by letter case alone`,
    {
      hint: same
        ? "use --force to replace it; the old files are kept in old-<time>/"
        : "choose another id",
    },
  );
}
