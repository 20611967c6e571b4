// Values of features as people read them: label instead of code, unit, local time and age.

import { element, now, start, word } from "./start.js";

const numbers = new Intl.NumberFormat(start.language);
const ages = new Intl.RelativeTimeFormat(start.language, { numeric: "auto" });
const moments = new Intl.DateTimeFormat(start.language, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZone: start.timeZone, // wherever the reader is
  timeZoneName: "short",
});
const dates = new Intl.DateTimeFormat(start.language, { dateStyle: "medium", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat(start.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" });
const SECONDS = { year: 31557600, month: 2629800, week: 604800, day: 86400, hour: 3600, minute: 60 };

/** "3 days ago", "in 2 hours", in the page's language. */
export function age(time) {
  const seconds = (new Date(time) - now()) / 1000;
  if (Number.isNaN(seconds)) return time; // PostgreSQL knows times that browsers do not, as infinity
  const unit = Object.keys(SECONDS).find((name) => Math.abs(seconds) >= SECONDS[name]) ?? "minute";
  return ages.format(Math.trunc(seconds / SECONDS[unit]), unit);
}

/** A time as the city has it, with its day, for paper is read later and a screen is left on: "5 Agt 2018, 14.05 WITA". */
export const dated = (time) => moments.format(new Date(time));

export const grouped = (number) => numbers.format(number);

const lengths = ["meter", "kilometer"].map(
  (unit) => new Intl.NumberFormat(start.language, { style: "unit", unit, maximumFractionDigits: unit === "meter" ? 0 : 1 }),
);

/** Metres as people say them: "850 m", "2.4 km". */
export const distance = (metres) => (metres < 1000 ? lengths[0].format(metres) : lengths[1].format(metres / 1000));

/** A direction in degrees from north, in words. */
export const towards = (bearing) => word("compass").split(", ")[Math.round(bearing / 45) % 8];

export const isEmpty = (value) => value === null || value === undefined || value === "" || value?.length === 0;

/** A value, described by its part of the layer's schema, as text or element. */
export function shown(value, schema) {
  const labels = (schema.items ?? schema).oneOf ?? [];
  const label = (code) => labels.find((known) => known.const === code)?.title ?? code;
  if (Array.isArray(value)) return value.map(label).join(", ");
  if (typeof value === "boolean") return word(value ? "yes" : "no");
  if (typeof value === "number") return `${grouped(value)} ${schema["x-ogc-unit"] ?? ""}`.trim();
  if (labels.length) return label(value);
  if (schema.format === "time") return clock.format(new Date(`1970-01-01T${value}Z`));
  if (schema.format === "date" || schema.format === "date-time") return moment(value, schema.format);
  if (schema.format === "uri" && /^https?:\/\//.test(value)) {
    return element("a", { href: value, rel: "noopener noreferrer" }, value);
  }
  return String(value);
}

function moment(value, format) {
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) return String(value); // such as "infinity", which PostgreSQL takes
  if (format === "date") return dates.format(time);
  return element("time", { datetime: value }, `${dated(time)} `, element("span", { class: "age" }, age(time)));
}
