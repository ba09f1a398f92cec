"use strict";
(function () {
  const source = document.getElementById("bins");
  const bins = source ? JSON.parse(source.textContent) : [];
  const names = ["demand", "expected peak", "upper", "floor", "Ready", "static peak", "reactive"];
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);

  function reading(seconds) {
    let low = 0, high = bins.length - 1;
    while (low !== high) {
      const middle = Math.ceil((low + high) / 2);
      if (bins[middle][0] > seconds) { high = middle - 1; } else { low = middle; }
    }
    return bins[low];
  }

  function describe(bin) {
    tip.replaceChildren();
    const title = document.createElement("b");
    title.textContent = new Date(bin[0] * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC, " + bin[1];
    tip.append(title);
    names.forEach(function (name, index) {
      const value = bin[index + 2];
      const row = document.createElement("span");
      const label = document.createElement("span");
      const figure = document.createElement("span");
      label.textContent = name;
      figure.textContent = value === null ? "unknown" : value.toFixed(1) + " vCPU";
      row.append(label, figure);
      tip.append(row);
    });
  }

  function follow(chart) {
    const data = chart.dataset;
    const left = Number(data.left), right = Number(data.right), start = Number(data.start), end = Number(data.end);
    const hair = chart.querySelector(".crosshair");
    function hide() { tip.hidden = true; hair.style.opacity = 0; }
    function show(event) {
      const box = chart.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * Number(data.width);
      if (x < left || x > right) { hide(); return; }
      const bin = reading(start + (x - left) / (right - left) * (end - start));
      describe(bin);
      tip.hidden = false;
      hair.style.opacity = 0.5;
      hair.setAttribute("transform", "translate(" + x + " 0)");
      const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
      const beside = event.clientX + 16 > room ? event.clientX - tip.offsetWidth - 16 : event.clientX + 16;
      tip.style.left = Math.max(8, Math.min(beside, room)) + window.scrollX + "px";
      tip.style.top = Math.max(8, event.clientY - tip.offsetHeight - 12) + window.scrollY + "px";
    }
    chart.addEventListener("pointermove", show);
    chart.addEventListener("pointerdown", show);
    chart.addEventListener("pointerleave", hide);
  }
  if (bins.length) { document.querySelectorAll("svg[data-start]").forEach(follow); }

  const filter = document.querySelector(".filter");
  if (!filter) { return; }
  const decisions = document.querySelectorAll(".decision");
  filter.hidden = decisions.length === 0;
  filter.addEventListener("click", function (event) {
    const kind = event.target.dataset.show;
    if (!kind) { return; }
    filter.querySelectorAll("button").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button === event.target));
    });
    decisions.forEach(function (item) { item.hidden = kind !== "all" && item.dataset.kind !== kind; });
  });
})();
