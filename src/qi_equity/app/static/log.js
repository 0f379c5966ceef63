// The log: checks as you type, moves like a spreadsheet, takes pasted cells, keeps drafts.
"use strict"
window.qiLog = (() => {
  const say = (name, fields) => window.qiEquity.say(name, fields)
  const form = () => document.querySelector("form[data-log]")
  const cells = () => [...form().querySelectorAll(".entry input")]
  const key = () => "qi-equity-draft|" + form().dataset.draft
  const number = (cell) => (cell.value.trim() === "" ? null : Number(cell.value.replace(/,/g, "")))

  // Wrong stops the save; odd is only asked about.
  function judge(row) {
    const [first, second] = row.querySelectorAll("input")
    const whole = first.name !== "value"
    for (const cell of [first, second].filter(Boolean)) {
      const typed = number(cell)
      if (typed === null) continue
      if (!Number.isFinite(typed) || typed < 0) return [cell, say("not_a_count")]
      if (whole && !Number.isInteger(typed)) return [cell, say("whole")]
    }
    if (second) {
      const [events, births] = [number(first), number(second)]
      if (events === null && births !== null) return [first, say("one_missing")]
      if (events !== null && births === null) return [second, say("one_missing")]
      if (row.dataset.kind === "proportion" && events > births) {
        return [first, say("more_than", { births })]
      }
    }
    for (const cell of [first, second].filter(Boolean)) {
      const typed = number(cell)
      const { low, high } = cell.dataset
      if (typed === null || low === "") continue
      const room = Math.max(2, (high - low) * 0.5)
      if (typed > Number(high) + room || typed < Number(low) - room) {
        return [null, say("unusual", { low, high, typed })]
      }
    }
    return [null, ""]
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
    const typed = Object.fromEntries(
      cells().filter((cell) => cell.value.trim() !== cell.dataset.was)
        .map((cell) => [cell.id, cell.value]))
    if (Object.keys(typed).length) localStorage.setItem(key(), JSON.stringify(typed))
    else localStorage.removeItem(key())
    const rows = [...form().querySelectorAll("tbody tr")].filter(changed).length
    document.getElementById("pending").textContent = rows ? say("pending", { count: rows }) : ""
  }

  // The same births are the denominator of several measures: typed once, they are put in where
  // a numerator follows.
  function spread(cell) {
    const births = cell.closest("tr").querySelector("input[name=denominator]")
    if (cell.name !== "numerator" || cell.value === "" || !births || births.value !== "") return
    const same = cells().find((one) => one.dataset.same === births.dataset.same && one.value !== "")
    if (same) births.value = same.value
    check(cell.closest("tr"))
  }

  const column = (cell) => cells().filter((one) => one.name === cell.name)
  function step(cell, by) {
    const all = column(cell)
    const next = all[all.indexOf(cell) + by]
    if (next) {
      next.focus()
      next.select()
    } else if (by > 0) document.getElementById("save").focus()
  }

  function paste(cell, text) {
    const block = text.replace(/\r/g, "").replace(/\n$/, "").split("\n").map((line) => line.split("\t"))
    const rows = [...form().querySelectorAll("tbody tr")]
    const top = rows.indexOf(cell.closest("tr"))
    const left = [...cell.closest("tr").querySelectorAll("input")].indexOf(cell)
    block.forEach((line, down) => line.forEach((value, right) => {
      const target = rows[top + down]?.querySelectorAll("input")[left + right]
      if (target) target.value = value.trim()
    }))
    rows.forEach(check)
    keep()
  }

  const inLog = (event) => event.target.closest?.("form[data-log] .entry input")
  document.addEventListener("input", (event) => {
    const cell = inLog(event)
    if (!cell) return
    check(cell.closest("tr"))
    keep()
  })
  document.addEventListener("change", (event) => {
    const cell = inLog(event)
    if (!cell) return
    spread(cell)
    keep()
  })
  document.addEventListener("keydown", (event) => {
    const cell = inLog(event)
    if (!cell) return
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
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-log]")) return
    event.preventDefault()
    const rows = [...form().querySelectorAll("tbody tr")].filter(changed)
    const wrong = rows.filter((row) => !check(row))
    if (wrong.length) return void wrong[0].querySelector("[aria-invalid]").focus()
    const told = rows.map((row) => ({
      measure: row.dataset.measure,
      stratum: row.dataset.stratum,
      subgroup: row.dataset.subgroup,
      revision: row.dataset.revision,
      ...Object.fromEntries([...row.querySelectorAll("input")].map((c) => [c.name, c.value.trim()])),
    }))
    const reason = form().querySelector("#reason").value
    const fields = { rows: told, reason, site: form().dataset.site }
    const address = new URLSearchParams(location.search)
    address.set("week", form().dataset.week) // stay where the counts went
    window.qiEquity.ask({ act: "log", fields, address: "?" + address })
  })
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches("form[data-upload]")) return
    event.preventDefault()
    const file = event.target.querySelector("input").files[0]
    const fields = { table: file ? await file.text() : "" }
    window.qiEquity.ask({ act: "upload", fields, address: location.search })
  })
  document.addEventListener("click", (event) => {
    if (event.target.id !== "discard") return
    for (const cell of cells()) cell.value = cell.dataset.was
    form().querySelectorAll("tbody tr").forEach(check)
    keep()
    document.getElementById("draft").hidden = true
  })

  // After a save the draft is done with; on any other arrival what was typed is put back.
  function dress(done) {
    if (!form()) return
    if (done) localStorage.removeItem(key())
    const typed = JSON.parse(localStorage.getItem(key()) || "{}")
    let back = 0
    for (const [id, value] of Object.entries(typed)) {
      const cell = document.getElementById(id)
      if (!cell || cell.value === value) continue
      cell.value = value
      back += 1
    }
    if (back) {
      form().querySelectorAll("tbody tr").forEach(check)
      document.getElementById("draft").hidden = false
    }
    keep()
  }
  return { dress }
})()
