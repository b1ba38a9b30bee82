/** The receipt as a PDF: to read, to print, to scan, and with the file itself inside. Made in this browser, sent nowhere. */

import type { PDFFont, PDFPage } from "@cantoo/pdf-lib";
import { utf8 } from "../crypto/bytes.js";
import { qrCode, qrPath } from "../shared/qr.js";
import { locale, t } from "../shared/texts.js";
import type { Receipt } from "./receipt.js";
import { receiptAddress } from "./receipt-code.js";

/** A4, in points. */
const PAGE: [number, number] = [595.28, 841.89];
const MARGIN = 56;
const QR = 150;
const SIZE = { title: 22, text: 10.5, small: 9 } as const;
const LEADING = 1.45;
/** Dots for each point where a text has to be drawn as a picture. */
const DOTS = 4;

export interface Told {
  purpose: string;
  controller: string;
  contact: string;
  until: string;
  /** The day with which a guardian's consent ends; null where the person agreed themselves. */
  guardianUntil: string | null;
  text: string;
}

/** @param name of the file that lies inside */
export async function receiptPdf(receipt: Receipt, told: Told, name: string): Promise<Blob> {
  const { PDFDocument, StandardFonts, rgb } = await import("@cantoo/pdf-lib");
  const document = await PDFDocument.create();
  document.setTitle(t("receipt.pdf.title"), { showInWindowTitleBar: true });
  document.setLanguage(locale);
  document.setProducer("Visavis");
  document.setCreator("Visavis");
  const [plain, bold] = [await document.embedFont(StandardFonts.Helvetica), await document.embedFont(StandardFonts.HelveticaBold)];
  const pen = new Pen(document.addPage(PAGE), () => document.addPage(PAGE), async (png) => document.embedPng(png));

  await pen.write(t("receipt.pdf.title"), bold, SIZE.title);
  await pen.write(t(told.guardianUntil === null ? "receipt.pdf.lead" : "receipt.pdf.lead_guardian"), plain, SIZE.text);
  const code = qrCode(receiptAddress(receipt));
  pen.down(10);
  const top = pen.room(QR + 12);
  pen.page.drawSvgPath(qrPath(code), { x: MARGIN, y: top, scale: QR / code.rows.length, color: rgb(0, 0, 0) });
  pen.down(QR + 14);
  await pen.write(t("receipt.pdf.scan"), plain, SIZE.small);
  const facts: [string, string][] = [
    [t("receipt.pdf.purpose"), told.purpose],
    [t("receipt.pdf.who"), `${told.controller}, ${told.contact}`],
    [t("receipt.pdf.until"), told.until],
    ...guardian(told),
    [t("receipt.pdf.you"), receipt.subject_id],
    [t("receipt.pdf.receipt"), receipt.receipt_id],
    [t("receipt.pdf.server"), receipt.server],
  ];
  for (const [what, value] of facts) {
    await pen.write(what, bold, SIZE.small);
    await pen.write(value, plain, SIZE.text);
  }
  await pen.write(t("receipt.pdf.agreed"), bold, SIZE.text);
  for (const line of told.text.split("\n")) await pen.write(line, plain, SIZE.text);
  await document.attach(utf8(`${JSON.stringify(receipt, null, 2)}\n`), name, {
    mimeType: "application/json",
    description: t("receipt.pdf.file"),
  });
  return new Blob([new Uint8Array(await document.save())], { type: "application/pdf" });
}

const guardian = ({ guardianUntil: day }: Told): [string, string][] =>
  day === null ? [] : [[t("receipt.pdf.guardian"), t("consent.guardian.until", { day })]];

type Picture = Awaited<ReturnType<typeof import("@cantoo/pdf-lib").PDFDocument.prototype.embedPng>>;

/** Writes lines from the top to the bottom, and goes on with the next page. */
class Pen {
  page: PDFPage;
  #y = PAGE[1] - MARGIN;
  readonly #next: () => PDFPage;
  readonly #embed: (png: Uint8Array) => Promise<Picture>;

  constructor(page: PDFPage, next: () => PDFPage, embed: (png: Uint8Array) => Promise<Picture>) {
    this.page = page;
    this.#next = next;
    this.#embed = embed;
  }

  /** @returns the height above the bottom from which so much is free */
  room(height: number): number {
    if (this.#y - height < MARGIN) {
      this.page = this.#next();
      this.#y = PAGE[1] - MARGIN;
    }
    return this.#y;
  }

  down(by: number): void {
    this.#y -= by;
  }

  /** A paragraph. What the fonts of every reader cannot write, as Greek or Arabic, is drawn with the browser's. */
  async write(text: string, font: PDFFont, size: number): Promise<void> {
    for (const line of wrapped(text, (part) => width(part, font, size), PAGE[0] - 2 * MARGIN)) {
      const height = size * LEADING;
      const y = this.room(height) - size;
      if (isWritable(line, font)) this.page.drawText(line, { x: MARGIN, y, size, font });
      else await this.#draw(line, y, size);
      this.down(height);
    }
    this.down(size * 0.4);
  }

  async #draw(line: string, y: number, size: number): Promise<void> {
    const [across, down] = [PAGE[0] - 2 * MARGIN, size * LEADING];
    const canvas = new OffscreenCanvas(Math.round(across * DOTS), Math.round(down * DOTS));
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.font = `${size * DOTS}px system-ui, sans-serif`;
    const isBackwards = /[\u0590-\u08ff\ufb1d-\ufefc]/.test(line);
    context.direction = isBackwards ? "rtl" : "ltr";
    context.textAlign = "start";
    context.fillText(line, isBackwards ? canvas.width : 0, size * DOTS);
    const png = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    this.page.drawImage(await this.#embed(png), { x: MARGIN, y: y - (down - size), width: across, height: down });
  }
}

const writable = new WeakMap<PDFFont, Set<number>>();

/** What it cannot write, the library would write as question marks. */
function isWritable(text: string, font: PDFFont): boolean {
  const known = writable.get(font) ?? new Set(font.getCharacterSet());
  writable.set(font, known);
  return [...text].every((character) => known.has(character.codePointAt(0) ?? -1));
}

/** An estimate is enough for what is drawn: the browser's letters are no wider than three fifths of their height. */
const width = (text: string, font: PDFFont, size: number): number =>
  isWritable(text, font) ? font.widthOfTextAtSize(text, size) : 0.6 * size * [...text].length;

/** Lines of words that fit; a word that is longer than a line is broken. */
function wrapped(text: string, measure: (part: string) => number, most: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    let rest = word;
    while (measure(rest) > most) {
      let fits = rest.length;
      while (measure(rest.slice(0, fits)) > most) fits--;
      if (line !== "") lines.push(line);
      lines.push(rest.slice(0, fits));
      line = "";
      rest = rest.slice(fits);
    }
    const longer = line === "" ? rest : `${line} ${rest}`;
    if (measure(longer) > most) {
      lines.push(line);
      line = rest;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** The receipt file that lies in such a PDF. @throws {Error} there is none */
export async function receiptInPdf(pdf: Uint8Array): Promise<string> {
  const { PDFDocument } = await import("@cantoo/pdf-lib");
  const document = await PDFDocument.load(pdf).catch(() => null);
  const file = document?.getAttachments().find(({ name }) => name.endsWith(".json"));
  if (file === undefined) throw new Error(t("receipt.not_in_pdf"));
  return new TextDecoder().decode(file.data);
}
