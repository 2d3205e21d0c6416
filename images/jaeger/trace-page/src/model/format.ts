/** Times as people read them. */

/** A duration in microseconds, with three significant digits: `812 µs`, `4.25 ms`, `1.2 s`, `2 min 5 s`. */
export function duration(microseconds: number): string {
  if (microseconds < 999.5) return `${digits(microseconds)} µs`;
  if (microseconds < 999_500) return `${digits(microseconds / 1e3)} ms`;
  if (microseconds < 59.95e6) return `${digits(microseconds / 1e6)} s`;
  const seconds = Math.round(microseconds / 1e6);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

const digits = (value: number): string => String(Number(value.toPrecision(3)));

/** A point in time, in microseconds since 1970, in the browser's time zone. Clocks may be far off: any number is accepted. */
export function clock(microseconds: number): string {
  const date = new Date(microseconds / 1000);
  if (Number.isNaN(date.getTime())) return "beyond the calendar";
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}
