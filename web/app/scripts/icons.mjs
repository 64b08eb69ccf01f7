/**
 * Draws the icons that are no vectors from `public/icon.svg`. Run by hand when the sign changes: `node scripts/icons.mjs`.
 */
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const svg = readFileSync(new URL("../public/icon.svg", import.meta.url), "utf8");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
/** A maskable icon fills the square: whoever shows it cuts it to its own shape. */
const icons = [["icon-192.png", 192, svg], ["icon-512.png", 512, svg], ["icon-maskable.png", 512, svg.replace(/ rx="15"/, "")]];
for (const [name, size, drawing] of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${drawing}`);
  await page.screenshot({ path: `public/${name}`, omitBackground: true });
  await page.close();
}
await browser.close();
