/** The documentation site: static files, local search, nothing fetched from elsewhere. */

import { defineConfig } from "vitepress";

export default defineConfig({
  title: "Countersign",
  description: "Software releases that people can check without trusting the place that hosts them",
  lang: "en",
  head: [["link", { rel: "icon", href: "/icon.svg", type: "image/svg+xml" }]],
  srcExclude: ["README.md", "public/**"],
  markdown: { theme: { light: "github-light", dark: "github-dark" } },
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3], label: "On this page" },
    docFooter: { prev: "Before", next: "Next" },
    nav: [
      { text: "Quick start", link: "/quick-start" },
      { text: "Guides", link: "/guide/download", activeMatch: "/guide/" },
      { text: "Formats", link: "/formats/release", activeMatch: "/formats/" },
      { text: "Reference", link: "/reference/commands", activeMatch: "/reference/" },
    ],
    sidebar: [
      {
        text: "Begin",
        items: [
          { text: "What it is", link: "/" },
          { text: "Quick start", link: "/quick-start" },
        ],
      },
      {
        text: "Guides",
        items: [
          { text: "Who downloads", link: "/guide/download" },
          { text: "Who maintains", link: "/guide/maintain" },
          { text: "Who countersigns", link: "/guide/countersign" },
        ],
      },
      {
        text: "Formats",
        items: [
          { text: "The files of a release", link: "/formats/release" },
          { text: "Bundle", link: "/formats/bundle" },
          { text: "Record and log", link: "/formats/log" },
          { text: "Policy", link: "/formats/policy" },
          { text: "Settings", link: "/formats/settings" },
          { text: "Release directory", link: "/formats/directory" },
          { text: "JSON results", link: "/formats/results" },
        ],
      },
      {
        text: "Security",
        items: [{ text: "Threat model", link: "/threat-model" }],
      },
      {
        text: "For programmers",
        items: [
          { text: "In a program", link: "/embed" },
          { text: "How to write an adapter", link: "/adapters" },
        ],
      },
      {
        text: "Reference",
        items: [
          { text: "Commands", link: "/reference/commands" },
          { text: "Errors", link: "/reference/errors" },
        ],
      },
    ],
  },
});
