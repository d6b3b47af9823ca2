/** A moment as people near the machine say it: `12:03:04`, with the day ahead where it is another than `now`'s. */
export function clockTime(at: Date, now: Date): string {
  const day = dayOf(at);
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
  return day === dayOf(now) ? time : `${day} ${time}`;
}

const dayOf = (at: Date): string => `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())}`;

const twoDigits = (value: number): string => String(value).padStart(2, '0');
