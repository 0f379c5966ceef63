// What was typed or chosen in a form and not sent yet: it stays with what the page is about, while the
// page is drawn anew, while somebody looks at another, and over a connection or a sign-in that is lost.
"use strict"
window.qiWritten = (() => {
  const START = "qi-equity-written|"
  const KEY = START + document.body.dataset.user // in one tab two people may follow each other
  const FIELDS = "main form[data-act]:not([autocomplete=off]) :is(input, textarea, select)"
  const NEVER = ["hidden", "password", "file"]
  const places = recalled() // what a page is about -> field -> what stands in it
  let going = null // what was sent last: its number, its place, and what stood in the form
  let done = null // what was kept of it: that is written no more
  const warned = new Set() // forms of which somebody was told that there is something newer

  const place = () => document.body.dataset.place
  const fields = (form) => [...(form ? form.elements : document.querySelectorAll(FIELDS))]
    .filter((field) => field.name && !NEVER.includes(field.type))
  // A field by what its form is about, never by where the form stands: lists grow and shrink.
  const ABOUT = ["key", "about", "number", "revision", "item", "site"]
  const formOf = (form) => [form.dataset.act, ...ABOUT.map((name) => toldOf(form, name))].join(" ")
  function toldOf(form, name) {
    const told = form.elements[name]
    return told?.type === "hidden" ? told.value : ""
  }
  const nameOf = (field) => `${formOf(field.form)} ${field.name}`
  const ticked = (field) => field.type === "checkbox"
  const stateOf = (field) => (ticked(field) ? field.checked : field.value)
  // With what was seen when it was typed: a colleague's newer answer is not covered unseen.
  const seenOf = (form) => `${formOf(form)} seen`
  function states(some) {
    const seen = some.filter(({ form }) => toldOf(form, "seen") && !warned.has(seenOf(form)))
      .map(({ form }) => [seenOf(form), toldOf(form, "seen")])
    return Object.fromEntries([...some.map((field) => [nameOf(field), stateOf(field)]), ...seen])
  }
  function usual(field) {
    if (ticked(field)) return field.defaultChecked
    if (field.tagName !== "SELECT") return field.defaultValue
    return ([...field.options].find((one) => one.defaultSelected) ?? field.options[0])?.value
  }

  function recalled() {
    try {
      return new Map(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"))
    } catch {
      return new Map() // a browser that keeps nothing: what is typed lives as long as the page
    }
  }

  // Before the page is drawn anew.
  function keep() {
    const now = states(fields().filter((field) => stateOf(field) !== usual(field)))
    if (done?.place === place()) drop(now)
    if (Object.keys(now).length) places.set(place(), now)
    else places.delete(place())
  }
  function drop(written) {
    for (const [name, state] of Object.entries(done.form)) {
      if (written[name] === state) delete written[name]
    }
  }

  function sent(form, number) {
    going = { number, place: place(), form: states(fields(form)), seen: seenOf(form) }
  }
  function refused(number) {
    if (going?.number === number) warned.add(going.seen)
  }
  function kept(number) {
    if (going?.number !== number) return
    done = going
    going = null
    warned.delete(done.seen)
    if (done.place !== place() && places.has(done.place)) drop(places.get(done.place))
  }

  // Once a page stands. arrives: it is about something else than the one before.
  function put(arrives) {
    done = null
    const written = places.get(place()) ?? {}
    for (const form of document.querySelectorAll("main form[data-act]")) {
      if (toldOf(form, "seen") && seenOf(form) in written) form.elements.seen.value = written[seenOf(form)]
    }
    for (const field of fields().filter((one) => nameOf(one) in written)) {
      if (ticked(field)) field.checked = written[nameOf(field)]
      else field.value = written[nameOf(field)]
      if (arrives) field.closest("details:not([open])")?.setAttribute("open", "")
    }
  }

  let leaves = false // signed out: nothing stays for the next person
  addEventListener("pagehide", () => {
    keep()
    try {
      if (leaves) Object.keys(sessionStorage).forEach((one) => one.startsWith(START) && sessionStorage.removeItem(one))
      else if (places.size) sessionStorage.setItem(KEY, JSON.stringify([...places]))
      else sessionStorage.removeItem(KEY)
    } catch { /* a browser that keeps nothing */ }
  })
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form.account")) leaves = true
  })
  return { keep, put, sent, kept, refused }
})()
