// What was typed and is not saved yet: kept in this browser under the user's own name, sent when the
// connection is back, and laid beside what somebody else saved meanwhile.
"use strict"
window.qiKept = (() => {
  const say = (name, fields) => window.qiEquity.say(name, fields)
  const log = () => window.qiLog
  const form = () => log().form()
  const LANGUAGE = document.documentElement.lang
  const START = "qi-equity-draft|"
  const PATIENT = 8000 // milliseconds before it is said that no answer came
  let flying = null // what was sent last and is not answered: its key and number, and if from behind
  let slow = null

  const byId = (id) => document.getElementById(id)
  const user = () => form()?.dataset.user ?? ""
  const keyOf = (data) => START + JSON.stringify([data.user, data.project, data.site, data.week])
  const here = () => form() && keyOf(form().dataset)
  const partsOf = (key) => JSON.parse(key.slice(START.length))

  // A browser that is private, blocked or full keeps nothing: then it is in this page alone, and
  // the page says so, and asks before it goes.
  const storage = (() => {
    try { return localStorage } catch { return null }
  })()
  const onlyHere = new Map()
  const read = (key) => JSON.parse(onlyHere.get(key) ?? storage?.getItem(key) ?? "{}")
  function write(key, entry) {
    const text = JSON.stringify(entry)
    try {
      storage.setItem(key, text)
      onlyHere.delete(key)
    } catch {
      const first = !onlyHere.has(key)
      onlyHere.set(key, text)
      if (first) tell(say("kept_nowhere"))
    }
  }
  function forget(key) {
    onlyHere.delete(key)
    storage?.removeItem(key)
  }
  const unless = (key, words) => (onlyHere.has(key) ? say("kept_nowhere") : words)
  const everyone = () => [...new Set([...onlyHere.keys(), ...Object.keys(storage ?? {})])]
    .filter((key) => key.startsWith(START))
  const mine = () => everyone().filter((key) => partsOf(key)[0] === user())
  const nameOf = (cell) => {
    const row = cell.closest("tr").dataset
    return JSON.stringify(cell.dataset.births
      ? ["births", cell.dataset.births, cell.dataset.stratum]
      : [row.measure, row.stratum, cell.name])
  }
  const nameOfRow = ({ measure, stratum }) => JSON.stringify([measure, stratum])
  const every = () =>
    [...log().rows().flatMap((row) => [...row.querySelectorAll("input")]), ...log().shared()]

  // ---------------------------------------------------------------- kept as it is typed
  // What another tab typed into the same week stays; a row that was changed is kept whole, so that
  // no half of it is read with somebody else's other half.
  const touched = new Set()
  function keep() {
    const key = here()
    const rows = log().rows().filter(log().changed)
    const cells = [...rows.flatMap((row) => [...row.querySelectorAll("input")]),
      ...log().shared().filter((cell) => cell.value.trim() !== cell.dataset.was)]
    for (const cell of cells) touched.add(key + nameOf(cell))
    const before = read(key)
    const was = new Map(every().map((cell) => [nameOf(cell), cell.dataset.was]))
    const others = Object.entries(before.typed ?? {}).filter(([name, text]) =>
      !touched.has(key + name) && was.has(name) && was.get(name) !== text.trim())
    const typed = Object.fromEntries([...others, ...cells.map((cell) => [nameOf(cell), cell.value])])
    const now = rows.map((row) => [nameOfRow(row.dataset), row.dataset.revision])
    const revisions = { ...before.revisions, ...Object.fromEntries(now) }
    const { siteName, week } = form().dataset
    if (Object.keys(typed).length) {
      write(key, { ...before, typed, revisions, siteName, week, address: location.search })
    } else if (!before.message) forget(key)
  }

  // ---------------------------------------------------------------- sent, or kept to be sent
  function send(message) {
    keep()
    const key = here()
    write(key, { ...read(key), message, sent: read(key).typed })
    away(key)
  }

  // behind: of another week than the one on the page, which stays as it is.
  function away(key, behind = false) {
    const { message } = read(key)
    clearTimeout(slow)
    if (!navigator.onLine || lost()) return tell(unless(key, say("kept_here")))
    if (!behind) form().dataset.sent = "yes" // pressed twice
    slow = setTimeout(() => {
      if (form()) delete form().dataset.sent
      tell(unless(key, say("no_answer")))
    }, PATIENT)
    flying = { key, message, behind, number: window.qiEquity.ask({ ...message, quiet: behind }) }
  }
  const lost = () => !byId("offline").hidden

  // The answer to what was sent, if it is that; true where nothing more is to be done with it.
  // late: the page is about to show something else.
  function answered(answer, late) {
    if (flying?.number !== answer.number) return false
    clearTimeout(slow)
    const { key, message, behind } = flying
    flying = null
    const { site, week } = toldOf(key, read(key))
    if (answer.done) saved(key, message, late || behind)
    else if (!answer.again) refused(key) // signed out: it is sent after signing in
    if (!behind) return Boolean(answer.clashes) && !late && clash(answer.clashes, key)
    tell(answer.done ? say("sent", { site, week }) : say("not_sent", { site, week }))
    if (!answer.again) flush()
    return true
  }

  // Saved: it is done with, but for what was typed since, which now corrects our own save. unseen:
  // the page that follows is of something else, so that others may save before it is shown again.
  function saved(key, message, unseen) {
    const { message: kept, sent = {}, typed = {}, revisions = {}, ...entry } = read(key)
    const rows = new Set(message.fields.rows.map(nameOfRow))
    const done = ([name, text]) => {
      const [measure, stratum] = JSON.parse(name)
      return text === sent[name] && (measure === "births" || rows.has(nameOfRow({ measure, stratum })))
    }
    const left = Object.entries(typed).filter((one) => !done(one))
    if (!unseen) for (const row of rows) delete revisions[row]
    if (left.length) write(key, { ...entry, typed: Object.fromEntries(left), revisions })
    else forget(key)
  }

  // Refused: it stays where it was typed, and is not sent again by itself.
  function refused(key) {
    const { message, sent, ...entry } = read(key)
    if (entry.typed) write(key, entry)
    else forget(key)
    tell("")
  }

  // What waits is sent once a page stands that can send it: first that of the page itself.
  function flush() {
    const waits = mine().filter((key) => read(key).message)
    const next = waits.find((key) => key === here()) ?? waits[0]
    if (!next || flying || !navigator.onLine) return
    tell(say("sending"))
    away(next, next !== here())
  }

  // What is kept, and where it belongs: each week a link.
  const toldOf = (key, { siteName, address }) => {
    const [, project, site, monday] = partsOf(key)
    // A week is a day of the calendar, wherever on earth the phone thinks it is.
    const shown = { dateStyle: "medium", timeZone: "UTC" }
    const week = new Date(monday).toLocaleDateString(LANGUAGE, shown)
    const to = new URLSearchParams(address)
    for (const [name, text] of Object.entries({ project, site, week: monday })) to.set(name, text)
    return { site: siteName ?? site, week, link: "?" + to }
  }
  function tell(words) {
    const place = byId("kept")
    if (!place) return
    words ||= onlyHere.size ? say("kept_nowhere") : ""
    byId("main").removeAttribute("aria-busy")
    if (words && byId("pending")) byId("pending").textContent = words // in view wherever one is
    const others = mine().filter((key) => key !== here())
    place.hidden = !words && !others.length
    place.querySelector("p").textContent = words || say("kept_weeks")
    place.querySelector("ul").replaceChildren(...others.map((key) => {
      const { site, week, link: href } = toldOf(key, read(key))
      const link = document.createElement("a")
      Object.assign(link, { href, textContent: say("kept_week", { site, week }) })
      link.dataset.live = ""
      const line = document.createElement("li")
      line.append(link)
      return line
    }))
  }

  // ---------------------------------------------------------------- a page stands
  function dress() {
    if (!form()) return
    putBack()
    tell("")
    flush()
  }

  // What was typed before somebody else saved is still of the count it was typed over: a choice, and
  // nothing else, lays it over the newer one.
  function putBack() {
    const { typed = {}, revisions = {} } = read(here())
    const back = every().filter((cell) => (typed[nameOf(cell)] ?? cell.value) !== cell.value)
    if (!back.length) return
    for (const cell of back) cell.value = typed[nameOf(cell)]
    const stale = log().rows().filter((row) => {
      const told = revisions[nameOfRow(row.dataset)]
      return told !== undefined && told !== row.dataset.revision && log().changed(row)
    })
    for (const row of stale) {
      row.dataset.newest = row.dataset.revision
      row.dataset.revision = revisions[nameOfRow(row.dataset)]
    }
    byId("draft").hidden = false
    log().dressed()
    if (stale.length) beside(stale)
  }

  // ---------------------------------------------------------------- two people at one count
  async function beside(stale) {
    const key = here()
    const { site } = form().dataset
    const asked = stale.map(({ dataset: { measure, stratum, subgroup, revision } }) =>
      ({ measure, stratum, subgroup, revision }))
    const answer = await window.qiEquity.look("standing", { rows: asked, site })
    if (answer.found) clash(answer.found.clashes, key)
  }

  const written = (cells) => {
    const [first, second] = [cells.numerator || cells.value, cells.denominator]
    if (!first) return say("blank")
    return second ? say("out_of", { counted: first, of: second }) : first
  }

  // Both values by name and time, and what becomes of them: true where there is a choice to make.
  function clash(found, key = here()) {
    if (!form() || key !== here()) return false // it is of another site or week
    const open = found.filter((one) => lay(one))
    const place = byId("problems")
    if (!open.length) return false
    place.replaceChildren(say("clashes", { count: open.length }))
    place.hidden = false
    byId("main").removeAttribute("aria-busy")
    const typing = document.activeElement.matches(".entry input") // the alert is heard all the same
    if (!typing) form().querySelector(".clash button").focus()
    log().dressed()
    return true
  }

  function lay(theirs) {
    const row = log().rows().find((one) => one.dataset.measure === theirs.measure
      && one.dataset.stratum === theirs.stratum && one.dataset.subgroup === theirs.subgroup)
    if (!row) return false
    const cells = [...row.querySelectorAll("input")]
    const typed = Object.fromEntries(cells.map((cell) => [cell.name, cell.value.trim()]))
    for (const cell of cells) cell.dataset.was = theirs[cell.name]
    row.dataset.newest = theirs.revision ?? ""
    if (!log().changed(row)) {
      choose(row)
      return false
    }
    row.nextElementSibling?.matches(".clash") && row.nextElementSibling.remove()
    const line = row.parentElement.insertRow(row.sectionRowIndex + 1)
    line.className = "clash"
    const at = new Date(theirs.at).toLocaleString(LANGUAGE, { dateStyle: "medium", timeStyle: "short" })
    const place = line.insertCell()
    place.colSpan = 6
    const said = document.createElement("p")
    const [mine, told] = [written(typed), written(theirs)]
    const who = `\u2068${theirs.who}\u2069` // a name that is written from the right takes no number along
    said.textContent = say("clash", { mine, who, theirs: told, at })
    place.append(said, button(row, line, say("keep_theirs"), true))
    place.append(button(row, line, say("keep_mine"), false))
    return true
  }

  // From here on what stands in a row is typed over the newest there is.
  function choose(row) {
    if (row.dataset.newest !== undefined) row.dataset.revision = row.dataset.newest
    row.parentElement.rows[row.sectionRowIndex + 1]?.matches(".clash") && row.nextElementSibling.remove()
    if (!form().querySelector(".clash")) byId("problems").hidden = true
  }

  function button(row, line, words, theirs) {
    const made = document.createElement("button")
    Object.assign(made, { type: "button", className: "do quiet", textContent: words })
    made.setAttribute("aria-label", say("of_row", { what: words, stratum: row.dataset.stratum }))
    made.addEventListener("click", () => {
      if (theirs) for (const cell of row.querySelectorAll("input")) cell.value = cell.dataset.was
      const next = form().querySelectorAll(".clash button")
      const left = [...next].find((one) => !line.contains(one))
      choose(row)
      log().dressed()
      ;(left || form().querySelector("#correct:not([hidden]) button") || byId("save")).focus()
    })
    return made
  }

  // ---------------------------------------------------------------- the connection, and the door
  addEventListener("online", () => {
    if (mine().some((key) => read(key).message)) window.qiEquity.lost() // a fresh page sends it
  })
  addEventListener("offline", () => {
    if (flying) tell(unless(flying.key, say("kept_here")))
  })
  addEventListener("beforeunload", (event) => {
    if (onlyHere.size) event.preventDefault()
  })
  // Signing out clears this browser, but for counts that were saved here and never sent, whoever's.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.account")) return
    const unsent = everyone().filter((key) => read(key).message)
    if (!unsent.length) return
    for (const key of Object.keys(storage ?? {})) {
      if (!unsent.includes(key)) storage.removeItem(key)
    }
    const field = document.createElement("input")
    event.target.append(Object.assign(field, { type: "hidden", name: "unsent", value: "1" }))
  })
  return { keep, send, answered, choose, clash, dress }
})()
