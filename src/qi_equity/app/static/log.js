// The log: checks as you type, moves like a spreadsheet or for a thumb, takes pasted cells.
"use strict"
window.qiLog = (() => {
  const say = (name, fields) => window.qiEquity.say(name, fields)
  const form = () => document.querySelector("form[data-log]")
  const rows = () => [...form().querySelectorAll("tr[data-measure]")]
  const cells = () => rows().flatMap((row) => [...row.querySelectorAll("input")])
  const shared = () => [...form().querySelectorAll("input[data-births]")]
  const thumb = matchMedia("(max-width: 40rem)") // the same width as in app.css
  // Digits are read here; whatever else is typed, the server reads, as it reads files.
  const PLAIN = { value: /^\d{1,9}(\.\d{1,6})?$/, numerator: /^\d{1,9}$/, denominator: /^\d{1,9}$/ }
  const readings = new Map() // measure, column and text -> what the server read
  // Births that are asked once are read as what they stand for: the first denominator of theirs.
  const nameOf = (cell) => cell.name || "denominator"
  const named = (cell) => {
    const { measure } = (cell.dataset.births ? sharing(cell)[0] : cell.closest("tr")).dataset
    return { measure, name: nameOf(cell), text: cell.value.trim() }
  }
  const reading = (cell) => readings.get(JSON.stringify(Object.values(named(cell))))
  const isPlain = (cell) => PLAIN[nameOf(cell)].test(cell.value.trim())
  const unread = (cell) => cell.value.trim() !== "" && !isPlain(cell) && !reading(cell)
  // null: blank, or not known yet.
  function number(cell) {
    if (cell.value.trim() === "") return null
    return isPlain(cell) ? Number(cell.value.trim()) : (reading(cell)?.number ?? null)
  }

  async function readOnServer(given) {
    const left = given.filter(unread)
    if (!left.length) return
    const answer = await window.qiEquity.look("read", { cells: left.map(named) })
    if (answer.problems) return window.qiEquity.problems(answer.problems)
    for (const one of answer.found.cells) {
      readings.set(JSON.stringify([one.measure, one.name, one.text]), one)
    }
    for (const cell of left.filter((one) => one.isConnected)) {
      if (cell.dataset.births) tell(cell)
      else check(cell.closest("tr"))
    }
  }

  // Wrong stops the save; odd is only asked about.
  function judge(row) {
    const both = [...row.querySelectorAll("input")]
    const [first, second] = both
    // What is said at the births that are asked once is not said again at every count of theirs.
    const there = (cell) => cell === second && toldOnce(row)
    for (const cell of both) {
      if (reading(cell)?.said) return [cell, there(cell) ? "" : reading(cell).said]
    }
    if (both.some(unread)) return [null, ""]
    if (second) {
      const [events, births] = [number(first), number(second)]
      if (events === null && births !== null) return [first, say("one_missing")]
      if (events !== null && births === null) return [second, say("one_missing")]
      if (row.dataset.kind === "proportion" && events > births) {
        return [first, say("more_than", { births })]
      }
    }
    const odds = [first, second].filter((cell) => cell && !there(cell)).map((cell) => odd(cell))
    return [null, odds.find(Boolean) ?? ""]
  }

  // What is only asked about: a number far from the usual, or one that was read from words.
  function odd(cell, { low, high } = cell.dataset) {
    const typed = number(cell)
    if (typed === null) return ""
    const room = Math.max(2, (high - low) * 0.5)
    if (low !== "" && (typed > Number(high) + room || typed < Number(low) - room)) {
      return say("unusual", { low, high, typed })
    }
    return isPlain(cell) ? "" : say("read_as", { number: typed })
  }

  const changed = (row) =>
    [...row.querySelectorAll("input")].some((cell) => cell.value.trim() !== cell.dataset.was)

  function check(row) {
    const [wrong, text] = judge(row)
    for (const cell of row.querySelectorAll("input")) {
      if (cell === wrong) cell.setAttribute("aria-invalid", "true")
      else cell.removeAttribute("aria-invalid")
    }
    const place = row.querySelector(".check")
    if (place.textContent !== text) place.textContent = text
    place.classList.toggle("wrong", Boolean(wrong))
    row.classList.toggle("changed", changed(row))
    return !wrong
  }

  function keep() {
    window.qiKept.keep()
    const waiting = rows().filter(changed)
    const count = waiting.length
    document.getElementById("pending").textContent = count ? say("pending", { count }) : ""
    const corrects = waiting.some(stands)
    document.getElementById("correct").hidden = !corrects
    form().classList.toggle("corrects", corrects)
  }
  // Whether a row was saved before with anything in it: to change it a reason is asked.
  const stands = (row) =>
    row.dataset.revision !== "" && [...row.querySelectorAll("input")].some((c) => c.dataset.was !== "")

  // ---------------------------------------------------------------- what all are counted out of
  // On a phone the births of a group are asked once, and stand as the denominator of every count
  // that is out of them. A row where they were saved apart shows its own.
  const sharing = (births) =>
    rows().filter((row) => row.dataset.shares === births.dataset.births
      && row.dataset.stratum === births.dataset.stratum)
  const birthsOf = (row) => shared().find((one) => sharing(one).includes(row))
  const inRow = (row, name) => row.querySelector(`input[name=${name}]`)
  const toldOnce = (row) => thumb.matches && !row.classList.contains("apart") && birthsOf(row)

  // What is wrong or unusual with births, said where they are typed: at every count, on a wide page.
  function tell(births) {
    const wrong = (thumb.matches && reading(births)?.said) || ""
    const place = births.closest("tr").querySelector(".check")
    const usual = inRow(sharing(births)[0], "denominator").dataset
    const text = wrong || (thumb.matches ? odd(births, usual) : "")
    if (place.textContent !== text) place.textContent = text
    place.classList.toggle("wrong", Boolean(wrong))
    if (wrong) births.setAttribute("aria-invalid", "true")
    else births.removeAttribute("aria-invalid")
  }

  function settle() {
    for (const births of shared()) {
      const known = new Set(sharing(births).map((row) => inRow(row, "denominator").value.trim()))
      known.delete("")
      // What was put here because every count is out of it goes when none is out of it any more.
      if (known.size === 1) births.value = births.dataset.follows = [...known][0]
      else if (!known.size && births.value === births.dataset.follows) births.value = births.dataset.was
      for (const row of sharing(births)) row.classList.toggle("apart", known.size > 1)
      tell(births)
    }
  }

  function fill(row) {
    const births = birthsOf(row)
    if (!births || row.classList.contains("apart")) return
    const [events, out] = [inRow(row, "numerator"), inRow(row, "denominator")]
    out.value = events.value.trim() === "" ? out.dataset.was : births.value.trim()
    check(row)
  }

  // The same births are the denominator of several measures: typed once, they are put in where
  // a numerator follows.
  function spread(cell) {
    const births = cell.closest("tr").querySelector("input[name=denominator]")
    if (cell.name !== "numerator" || cell.value === "" || !births || births.value !== "") return
    const same = cells().find((one) =>
      one.dataset.same === births.dataset.same && one.value.trim() !== "")
    if (same) births.value = same.value
    check(cell.closest("tr"))
  }

  const column = (cell) => cells().filter((one) => one.name === cell.name)
  const seen = () =>
    [...form().querySelectorAll(".entry input")].filter((one) => one.checkVisibility())
  function step(cell, by) {
    const all = thumb.matches ? seen() : column(cell)
    const next = all[all.indexOf(cell) + by]
    if (next) {
      next.focus()
      next.select()
    } else if (by > 0) document.querySelector("#correct:not([hidden]) button, #save").focus()
  }

  // Whether no further digit could follow what stands in a cell: no count begins with nought, and
  // none is more than it is out of. Then the next cell comes by itself, for a thumb.
  function full(cell) {
    if (!/^\d+$/.test(cell.value)) return false
    if (cell.value === "0") return true
    const row = cell.closest("tr[data-measure]")
    if (!row || cell.name !== "numerator" || row.dataset.kind !== "proportion") return false
    const births = number(inRow(row, "denominator"))
    return births !== null && Number(cell.value) * 10 > births
  }

  // The server says where each cell goes, by the names of strata; what does not fit is told.
  async function paste(cell, text) {
    const row = cell.closest("tr")
    const { measure, subgroup, stratum } = row.dataset
    const fields = { measure, subgroup, stratum, name: cell.name, text }
    const answer = await window.qiEquity.look("paste", fields)
    if (answer.problems) return window.qiEquity.problems(answer.problems)
    if (!row.isConnected) return
    for (const [name, column, typed] of answer.found.fill) {
      const there = [...row.closest("tbody").rows].find((one) => one.dataset.stratum === name)
      const target = there?.querySelector(`input[name="${column}"]`)
      if (target) target.value = typed
    }
    const lines = answer.found.told.map((line) =>
      Object.assign(document.createElement("li"), { textContent: line }))
    const place = document.getElementById("pasted")
    place.querySelector("ul").replaceChildren(...lines)
    place.hidden = false
    rows().forEach(check)
    settle()
    keep()
    readOnServer(cells())
  }

  const inLog = (event) => event.target.closest?.("form[data-log] .entry input")
  document.addEventListener("input", (event) => {
    const cell = inLog(event)
    if (!cell) return
    if (cell.dataset.births) {
      sharing(cell).forEach(fill)
      tell(cell)
    } else {
      if (thumb.matches && cell.name === "numerator") fill(cell.closest("tr"))
      check(cell.closest("tr"))
    }
    keep()
    const typing = event.inputType === "insertText"
    if (thumb.matches && typing && full(cell)) step(cell, 1)
  })
  document.addEventListener("change", (event) => {
    const cell = inLog(event)
    if (!cell) return
    if (cell.dataset.births) {
      const out = sharing(cell).map((row) => inRow(row, "denominator"))
      return void readOnServer([cell, ...out])
    }
    spread(cell)
    if (!thumb.matches) settle()
    keep()
    readOnServer([cell])
  })
  document.addEventListener("focusin", (event) => {
    if (thumb.matches) inLog(event)?.select() // a tap and a digit mend a slip
  })
  thumb.addEventListener("change", () => {
    if (!form()) return
    settle()
    rows().forEach(check)
  })
  document.addEventListener("keydown", (event) => {
    const cell = inLog(event)
    if (!cell) return
    if (event.key === "Backspace" && cell.value === "" && thumb.matches) {
      event.preventDefault()
      return step(cell, -1)
    }
    const by = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!by) return
    event.preventDefault()
    cell.dispatchEvent(new Event("change", { bubbles: true }))
    step(cell, event.shiftKey && event.key === "Enter" ? -1 : by)
  })
  document.addEventListener("paste", (event) => {
    const cell = inLog(event)
    const text = event.clipboardData.getData("text")
    if (!cell || !/[\t\n]/.test(text)) return
    event.preventDefault()
    paste(cell, text)
  })
  // A tap that says why, and saves. Enter in the reason's own field saves with what it says.
  let tapped = ""
  document.addEventListener("click", (event) => {
    if (!form()?.contains(event.target) || !event.target.dataset.reason) return
    tapped = event.target.dataset.reason
    form().requestSubmit()
    tapped = ""
  })
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-log]")) return
    event.preventDefault()
    if (form().dataset.sent) return // pressed twice
    const open = form().querySelector(".clash button")
    if (open) return open.focus() // theirs or ours is to be chosen first
    const waiting = rows().filter(changed)
    const wrong = waiting.filter((row) => !check(row))
    if (wrong.length) return lead(wrong[0])
    const births = thumb.matches && shared().find((one) => one.hasAttribute("aria-invalid"))
    if (births) return births.focus()
    const told = waiting.map((row) => ({
      measure: row.dataset.measure,
      stratum: row.dataset.stratum,
      subgroup: row.dataset.subgroup,
      revision: row.dataset.revision,
      ...Object.fromEntries([...row.querySelectorAll("input")].map((c) => [c.name, c.value.trim()])),
    }))
    const reason = tapped || form().querySelector("#reason").value
    const address = new URLSearchParams(location.search)
    address.set("page", "log")
    address.set("site", form().dataset.site)
    address.set("week", form().dataset.week) // stay where the counts went
    const drawn = told.some((row) => row.measure === form().dataset.measure)
    if (told.length && !drawn) address.set("measure", told[0].measure) // whose chart moves
    const fields = { rows: told, reason, site: form().dataset.site }
    window.qiKept.send({ act: "log", fields, address: "?" + address })
  })
  // To the cell that is wrong; where it stands in another's place on a phone, to that one.
  function lead(row) {
    const cell = row.querySelector("[aria-invalid]")
    const at = cell.checkVisibility() ? cell : birthsOf(row)
    at.focus()
  }
  document.addEventListener("click", (event) => {
    if (event.target.id === "other") {
      form().classList.add("why")
      return document.getElementById("reason").focus()
    }
    if (event.target.id !== "discard") return
    for (const cell of [...cells(), ...shared()]) cell.value = cell.dataset.was
    rows().forEach(window.qiKept.choose)
    dressed()
    document.getElementById("draft").hidden = true
    document.querySelector("main h1").focus()
  })

  // What follows from what stands in the cells, after anything but typing put it there.
  function dressed() {
    rows().forEach(check)
    settle()
    keep()
    readOnServer(cells())
  }

  // After a save, the chart with the new point, unless somebody types on already; on any other
  // arrival what was typed is put back.
  function dress(done) {
    if (!form()) return
    settle()
    for (const births of shared()) births.dataset.was = births.value
    window.qiKept.dress()
    keep()
    const chart = document.getElementById("logged")
    const saved = document.querySelector(".saved")
    if (!done || !chart || !saved || document.activeElement.matches(".entry input")) return
    chart.prepend(saved)
    chart.scrollIntoView()
    chart.querySelector("h2").focus({ preventScroll: true })
  }
  return { dress, dressed, rows, shared, changed, check, inRow, form }
})()
