/** The sections of the console in the order of its navigation, and who can use them. */

import type { Place, Scope } from "./section.js";

const SEES: readonly Scope[] = ["admin", "operate", "audit"];

export const PLACES: readonly Place[] = [
  { name: "stations", title: "console.stations", group: "desk", scopes: SEES, load: () => import("./stations.js") },
  { name: "subjects", title: "console.subjects", group: "desk", scopes: ["operate"], load: () => import("./subjects.js") },
  { name: "reviews", title: "console.reviews", group: "desk", scopes: ["operate"], load: () => import("./reviews.js") },
  { name: "decisions", title: "console.decisions", group: "desk", scopes: ["operate"], load: () => import("./decisions.js") },
  { name: "purposes", title: "console.purposes", group: "rules", scopes: ["admin", "audit"], load: () => import("./purposes.js") },
  { name: "galleries", title: "console.galleries", group: "rules", scopes: SEES, load: () => import("./galleries.js") },
  { name: "rates", title: "console.rates", group: "rules", scopes: SEES, load: () => import("./rates.js") },
  { name: "drift", title: "console.drift", group: "rules", scopes: SEES, load: () => import("./drift.js") },
  { name: "planner", title: "console.plan", group: "rules", scopes: [], load: () => import("./planner.js") },
  {
    name: "approvals",
    title: "console.approvals",
    group: "server",
    scopes: ["approve", "export", "admin", "audit"],
    load: () => import("./approvals.js"),
  },
  {
    name: "readings",
    title: "console.readings",
    group: "server",
    scopes: ["admin", "audit"],
    load: () => import("./readings.js"),
  },
  { name: "log", title: "console.log", group: "server", scopes: [], load: () => import("./log.js") },
  { name: "health", title: "console.health", group: "server", scopes: [], load: () => import("./health.js") },
  { name: "accounts", title: "console.accounts", group: "server", scopes: ["admin"], load: () => import("./accounts.js") },
  { name: "keys", title: "console.keys", group: "server", scopes: ["admin"], load: () => import("./keys.js") },
];

/** Headings of the navigation. */
export const GROUPS = ["desk", "rules", "server"] as const;
