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
  let flying = null // the key of what was sent last and not answered
  let slow = null

  const byId = (id) => document.getElementById(id)
  const user = () => form()?.dataset.user ?? ""
  const keyOf = (data) => START + JSON.stringify([data.user, data.project, data.site, data.week])
  const read = (key) => JSON.parse(localStorage.getItem(key) || "{}")
  const write = (key, entry) => localStorage.setItem(key, JSON.stringify(entry))
  const everyone = () => Object.keys(localStorage).filter((key) => key.startsWith(START))
  const mine = () => everyone().filter((key) => JSON.parse(key.slice(START.length))[0] === user())
  const nameOf = (cell) => {
    const row = cell.closest("tr").dataset
    return JSON.stringify(cell.dataset.births
      ? ["births", cell.dataset.births, cell.dataset.stratum]
      : [row.measure, row.stratum, cell.name])
  }
  const nameOfRow = (row) => JSON.stringify([row.dataset.measure, row.dataset.stratum])
  const every = () =>
    [...log().rows().flatMap((row) => [...row.querySelectorAll("input")]), ...log().shared()]

  // ---------------------------------------------------------------- kept as it is typed
  function keep() {
    const key = keyOf(form().dataset)
    const typed = Object.fromEntries(
      every().filter((cell) => cell.value.trim() !== cell.dataset.was)
        .map((cell) => [nameOf(cell), cell.value]))
    const revisions = Object.fromEntries(
      log().rows().filter(log().changed).map((row) => [nameOfRow(row), row.dataset.revision]))
    const { message, sent } = read(key)
    if (Object.keys(typed).length) {
      const { siteName, week } = form().dataset
      write(key, { typed, revisions, message, sent, siteName, week, address: location.search })
    } else if (!message) localStorage.removeItem(key)
  }

  // ---------------------------------------------------------------- sent, or kept to be sent
  function send(message) {
    keep()
    const key = keyOf(form().dataset)
    const entry = read(key)
    write(key, { ...entry, message, sent: JSON.stringify(entry.typed) })
    away(key)
  }

  function away(key) {
    const { message } = read(key)
    flying = key
    clearTimeout(slow)
    if (!navigator.onLine || lost()) return tell(say("kept_here"))
    slow = setTimeout(() => tell(say("no_answer")), PATIENT)
    window.qiEquity.ask({ ...message })
  }
  const lost = () => !byId("offline").hidden

  // Saved: it is done with, but for what was typed since.
  function saved() {
    clearTimeout(slow)
    if (!flying) return
    const { message, sent, ...entry } = read(flying)
    if (entry.typed && JSON.stringify(entry.typed) !== sent) write(flying, entry)
    else localStorage.removeItem(flying)
    flying = null
  }

  // Refused: it stays where it was typed, and is not sent again by itself.
  function refused() {
    clearTimeout(slow)
    if (!flying) return
    const { message, sent, ...entry } = read(flying)
    if (entry.typed) write(flying, entry)
    else localStorage.removeItem(flying)
    flying = null
  }

  // What waits is sent once a page stands that can send it.
  function flush() {
    const next = mine().find((key) => read(key).message)
    if (!next || flying || !navigator.onLine) return
    tell(say("sending"))
    away(next)
  }

  // What is kept, and where it belongs: each week a link.
  function tell(words) {
    const place = byId("kept")
    if (!place) return
    byId("main").removeAttribute("aria-busy")
    if (words && byId("pending")) byId("pending").textContent = words // in view wherever one is
    const here = form() && keyOf(form().dataset)
    const others = mine().filter((key) => key !== here)
    place.hidden = !words && !others.length
    place.querySelector("p").textContent = words || say("kept_weeks")
    place.querySelector("ul").replaceChildren(...others.map((key) => {
      const { siteName: site, week: monday, address } = read(key)
      const week = new Date(monday).toLocaleDateString(LANGUAGE, { dateStyle: "medium" })
      const link = document.createElement("a")
      const to = new URLSearchParams(address)
      to.set("week", monday)
      Object.assign(link, { href: "?" + to, textContent: say("kept_week", { site, week }) })
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

  function putBack() {
    const { typed = {}, revisions = {} } = read(keyOf(form().dataset))
    const back = every().filter((cell) => (typed[nameOf(cell)] ?? cell.value) !== cell.value)
    if (!back.length) return
    for (const cell of back) cell.value = typed[nameOf(cell)]
    const stale = log().rows().filter((row) => {
      const told = revisions[nameOfRow(row)]
      return told !== undefined && told !== row.dataset.revision && log().changed(row)
    })
    byId("draft").hidden = false
    log().dressed()
    if (stale.length) beside(stale, revisions)
  }

  // ---------------------------------------------------------------- two people at one count
  async function beside(stale, revisions) {
    const { site } = form().dataset
    const asked = stale.map((row) => {
      const { measure, stratum, subgroup } = row.dataset
      return { measure, stratum, subgroup, revision: revisions[nameOfRow(row)] }
    })
    const answer = await window.qiEquity.look("standing", { rows: asked, site })
    if (answer.found && form()) clash(answer.found.clashes)
  }

  const written = (cells) => {
    const [first, second] = [cells.numerator || cells.value, cells.denominator]
    if (!first) return say("blank")
    return second ? say("out_of", { counted: first, of: second }) : first
  }

  // Both values by name and time, and what becomes of them: true where there is a choice to make.
  function clash(found) {
    if (!form()) return false
    refused()
    const open = found.filter((one) => lay(one))
    const place = byId("problems")
    if (!open.length) return false
    place.replaceChildren(say("clashes", { count: open.length }))
    place.hidden = false
    byId("main").removeAttribute("aria-busy")
    form().querySelector(".clash button").focus()
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
    row.dataset.revision = theirs.revision ?? ""
    if (!log().changed(row)) return false
    row.nextElementSibling?.matches(".clash") && row.nextElementSibling.remove()
    const line = row.parentElement.insertRow(row.sectionRowIndex + 1)
    line.className = "clash"
    const at = new Date(theirs.at).toLocaleString(LANGUAGE, { dateStyle: "medium", timeStyle: "short" })
    const place = line.insertCell()
    place.colSpan = 6
    const said = document.createElement("p")
    const [mine, told] = [written(typed), written(theirs)]
    said.textContent = say("clash", { mine, who: theirs.who, theirs: told, at })
    place.append(said, button(row, line, say("keep_theirs"), true))
    place.append(button(row, line, say("keep_mine"), false))
    return true
  }

  function button(row, line, words, theirs) {
    const made = document.createElement("button")
    Object.assign(made, { type: "button", className: "do quiet", textContent: words })
    made.setAttribute("aria-label", say("of_row", { what: words, stratum: row.dataset.stratum }))
    made.addEventListener("click", () => {
      if (theirs) for (const cell of row.querySelectorAll("input")) cell.value = cell.dataset.was
      const next = form().querySelectorAll(".clash button")
      const left = [...next].find((one) => !line.contains(one))
      line.remove()
      if (!left) byId("problems").hidden = true
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
    if (flying) tell(say("kept_here"))
  })
  // Signing out clears this browser, but for counts that were saved here and never sent, whoever's.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.account")) return
    const unsent = everyone().filter((key) => read(key).message)
    if (!unsent.length) return
    for (const key of Object.keys(localStorage)) {
      if (!unsent.includes(key)) localStorage.removeItem(key)
    }
    const field = document.createElement("input")
    event.target.append(Object.assign(field, { type: "hidden", name: "unsent", value: "1" }))
  })
  return { keep, send, saved, refused, clash, dress }
})()
