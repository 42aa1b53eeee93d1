import { type Schema, Validator } from "@cfworker/json-schema";
import type { JsonObject } from "../../domain/pricing/model.ts";
import type { SettingsValidator } from "../../domain/pricing/priced-model.ts";
import type { SettingFault } from "../../domain/pricing/refusal.ts";

/**
 * Validates settings by the JSON Schema of their model. The library interprets the schema instead of generating
 * code: schemas come from whoever publishes rate cards. 3 us for a model of five settings.
 */
export function settingsValidator(schema: JsonObject): SettingsValidator {
  // Missing settings are told by the domain, one by one; the library would tell them about the object as a whole.
  const { required: _, ...rest } = schema;
  const validator = new Validator(rest as Schema, "2020-12", false);
  return (values) => {
    const { valid, errors } = validator.validate(values);
    return valid ? [] : errors.flatMap(toFault);
  };
}

/** Errors about `#/quality` are about a setting; those about `#` only repeat that there are such errors. */
function toFault({ instanceLocation, error }: { instanceLocation: string; error: string }): SettingFault[] {
  const setting = instanceLocation.slice("#/".length);
  return setting === "" ? [] : [{ setting, problem: error }];
}
