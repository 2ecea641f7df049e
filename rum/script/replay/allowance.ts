/**
 * How much of a session may still be recorded, over all of its pages and tabs: 60 minutes, 8 MB.
 * Also whether it has met an error, and whether recording it was given up.
 */

import { put, read, write } from "../storage";

const KEY = "vigie.replay";
const TIME_MAX_MS = 60 * 60_000;
const BYTES_MAX = 8_000_000;

export class Allowance {
  private began: number;
  private bytes = 0;
  /** The session met an error: from here on all of it is sent. */
  private error = false;
  private over = false;

  constructor(
    private readonly session: string,
    now: number,
  ) {
    this.began = now;
    this.read();
  }

  /** Why recording has to end, if it has to. */
  spent(now: number): string {
    this.read();
    if (this.over) return "given up";
    if (this.bytes >= BYTES_MAX) return "size";
    return Math.abs(now - this.began) >= TIME_MAX_MS ? "time" : "";
  }

  get metError(): boolean {
    return this.error;
  }

  use(bytes: number): void {
    this.read();
    this.bytes += bytes;
    this.write();
  }

  noteError(): void {
    this.error = true;
    this.write();
  }

  giveUp(): void {
    this.over = true;
    this.write();
  }

  forget(): void {
    put("localStorage", KEY);
  }

  /** What other tabs of the session have used. */
  private read(): void {
    const [session, began, bytes, flags = ""] = read("localStorage", KEY).split(".");
    if (session !== this.session || !(+began! > 0)) return;
    this.began = +began!;
    this.bytes = Math.max(this.bytes, +bytes! || 0);
    this.error ||= flags.includes("e");
    this.over ||= flags.includes("o");
  }

  private write(): void {
    const flags = (this.error ? "e" : "") + (this.over ? "o" : "");
    write("localStorage", KEY, `${this.session}.${Math.round(this.began)}.${this.bytes}.${flags}`);
  }
}
