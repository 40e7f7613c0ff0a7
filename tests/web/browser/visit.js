// Visits pages in a headless Chromium as people do: wide and narrow, light and dark, by keyboard alone; asks axe-core and html-validate.
// stdin: {chromium, profile, shots, pages: [{url, status, keyboard: width, translation, act}]}; stdout: {visited, faults: [text], took}.
// act: {fill: {selector: text}, press: selector, shot}: a form of the page at url, filled in and sent by keys; its answer is visited.
'use strict';
const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');
const { HtmlValidate } = require('html-validate');

const WIDTHS = [1280, 320];
const HEIGHT = { 1280: 900, 320: 640 };
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const EVERY_RULE = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'] };
const RULES_OF_COLOUR = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const validator = new HtmlValidate({ root: true, extends: ['html-validate:standard', 'html-validate:a11y', 'html-validate:document'],
  rules: { 'require-sri': ['error', { target: 'crossorigin' }] } });

const took = {};
async function timed(name, work) {
  const start = performance.now();
  const result = await work();
  took[name] = Math.round((took[name] || 0) + performance.now() - start);
  return result;
}

// Violations of axe's rules, one line each.
function axe(page, rules) {
  return timed('axe', () => page.evaluate(async (runOnly) => {
    const result = await window.axe.run(document, { runOnly, resultTypes: ['violations'], preload: false });
    return result.violations.map((v) => `axe ${v.id}: ${v.nodes.slice(0, 2).map((n) => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | ')}`);
  }, rules));
}

// What sticks out to the right, if the page can be scrolled sideways.
function sideways(page) {
  return page.evaluate(() => {
    const root = document.scrollingElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1);
    return [`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}: ${wide.slice(-2).map((e) => e.outerHTML.slice(0, 160)).join(' | ')}`];
  });
}

// What is folded opens by Enter on its summary. Then Tab from the top to the end: everything is reached, in the order of the page,
// visibly; the first stop skips to the content.
async function keyboard(page) {
  const faults = [];
  const summaries = page.locator('summary:visible');
  for (let i = 0; i < await summaries.count(); i++) {
    const open = () => summaries.nth(i).evaluate((e) => e.parentElement.open);
    if (await open()) continue;
    await summaries.nth(i).press('Enter');
    if (!await open()) faults.push(`Enter does not open ${await summaries.nth(i).innerText()}`);
  }
  const n = await page.evaluate(() => {
    const wanted = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')]
      .filter((e) => e.tabIndex >= 0 && getComputedStyle(e).display !== 'none');
    window.stops = [];
    window.wanted = wanted;
    document.body.tabIndex = -1; // Tab goes on from where the focus is
    document.body.focus();
    document.body.removeAttribute('tabindex');
    document.addEventListener('focusin', ({ target: e }) => {
      const box = e.getBoundingClientRect();
      const style = getComputedStyle(e);
      const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.height > 0 &&
        box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      window.stops.push({ place: wanted.indexOf(e), seen, text: e.outerHTML.slice(0, 140) });
    });
    return wanted.length;
  });
  const keys = await page.context().newCDPSession(page); // page.keyboard waits for each key to be painted
  const tab = { type: 'rawKeyDown', key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 };
  await Promise.all(Array.from({ length: n }, () => keys.send('Input.dispatchKeyEvent', tab)));
  await keys.detach();
  const stops = await page.evaluate(() => window.stops);
  if (!stops.length || !stops[0].text.includes('href="#main"')) faults.push(`the first stop does not skip: ${stops.length ? stops[0].text : 'none'}`);
  stops.forEach((stop, i) => {
    if (i > 0 && stop.place <= stops[i - 1].place) faults.push(`out of order: ${stop.text}`);
    if (!stop.seen) faults.push(`focus is not seen: ${stop.text}`);
  });
  faults.push(...await page.evaluate((places) => window.wanted.filter((e, i) => !places.includes(i)).slice(0, 3)
    .map((e) => `not reached by keyboard: ${e.outerHTML.slice(0, 160)}`), stops.map((stop) => stop.place)));
  await page.focus('a[href="#main"]');
  await page.keyboard.press('Enter');
  if (await page.evaluate(() => document.activeElement.id !== 'main')) faults.push('the skip link does not lead to the content');
  return faults;
}

// The page that is to be visited: at its address, or behind a form.
async function reach(page, wish) {
  const answer = await page.goto(wish.url, { waitUntil: 'load' });
  if (!wish.act) return answer;
  for (const [selector, text] of Object.entries(wish.act.fill || {})) {
    await page.focus(selector);
    await page.keyboard.type(text);
  }
  await page.focus(wish.act.press);
  const [next] = await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('Enter')]);
  return next;
}

async function visit(page, plan, wish) {
  const faults = [];
  let said = [];
  page.removeAllListeners();
  page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') said.push(`console: ${m.text()}`); });
  page.on('pageerror', (e) => said.push(`page error: ${e.message}`));
  page.on('requestfailed', (q) => said.push(`request failed: ${q.url()}`));
  page.on('response', (a) => { if (a.status() >= 400 && a.request().resourceType() !== 'document') said.push(`${a.status()}: ${a.url()}`); });
  await page.setViewportSize({ width: WIDTHS[0], height: HEIGHT[WIDTHS[0]] });
  await page.emulateMedia({ colorScheme: 'light' });
  const answer = await timed('load', () => reach(page, wish));
  if (answer.status() !== wish.status) faults.push(`status ${answer.status()} instead of ${wish.status}`);
  if (wish.status >= 400) said = said.filter((text) => !text.includes('Failed to load resource'));
  const report = await timed('html', async () => validator.validateString(await answer.text()));
  for (const m of report.results.flatMap((r) => r.messages)) faults.push(`html ${m.ruleId} at ${m.line}:${m.column}: ${m.message}`);
  await page.evaluate(AXE);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT[width] });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const where = `${width} ${colorScheme} `;
      if (colorScheme === 'light') faults.push(...(await sideways(page)).map((f) => where + f));
      if (plan.shots) {
        const name = `${(wish.url + (wish.act ? wish.act.shot : '')).replace(/^http:..[^/]*:(\d+)/, '$1').replace(/[^A-Za-z0-9]+/g, '_')}-${width}-${colorScheme}.png`;
        await timed('shots', () => page.screenshot({ path: path.join(plan.shots, name), fullPage: true }));
      }
      // A translation has the same elements and colours: what differs is how much room its words take.
      if (wish.translation && (colorScheme === 'light') !== (width === 320)) continue;
      faults.push(...(await axe(page, colorScheme === 'light' ? EVERY_RULE : RULES_OF_COLOUR)).map((f) => where + f));
    }
    await page.emulateMedia({ colorScheme: 'light' });
  }
  await page.setViewportSize({ width: wish.keyboard, height: HEIGHT[wish.keyboard] });
  faults.push(...(await timed('keyboard', () => keyboard(page))).map((f) => `${wish.keyboard} ${f}`));
  return [...faults, ...said].map((f) => `${wish.url}: ${f}`);
}

async function main() {
  const plan = JSON.parse(fs.readFileSync(0, 'utf8'));
  const context = await timed('start', () => chromium.launchPersistentContext(plan.profile, { executablePath: plan.chromium, args: FLAGS, chromiumSandbox: false }));
  const page = context.pages()[0] || await context.newPage();
  const faults = [];
  for (const wish of plan.pages) faults.push(...await visit(page, plan, wish));
  await context.close();
  console.log(JSON.stringify({ visited: plan.pages.length, faults, took }));
}

main().catch((e) => { console.error(e); process.exit(1); });
