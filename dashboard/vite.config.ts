/** Builds hashed files for /center/, which the app serves. `npm run dev` passes the API's paths on to DASHBOARD_API. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { firstLoad } from "./scripts/firstLoad.ts";

const api = process.env.DASHBOARD_API ?? "http://127.0.0.1:7071";
const passedOn = ["/subscriptions", "/providers", "/openapi.json", "/center/config.json"];

export default defineConfig({
  base: "/center/",
  plugins: [react(), firstLoad(["src/main.tsx", "src/sign-in/entra.ts", "src/views/overview/Overview.tsx"], 250_000)],
  build: {
    target: "es2022",
    // Inlined files would be data: URLs, which the page's policy lets pass for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What the licences of the libraries ask for: their texts, beside what is made of them.
    license: { fileName: "licences.json" },
    reportCompressedSize: true,
  },
  server: { proxy: Object.fromEntries(passedOn.map((path) => [path, { target: api, changeOrigin: true }])) },
  test: {
    environment: "jsdom",
    setupFiles: "src/test/setup.ts",
    css: false,
    restoreMocks: true,
    testTimeout: 180_000,
    // The libraries are loaded once, not once a file or worker: two thirds of what the tests took. Each test cleans up
    // (setup.ts), and on the second core run the project's other tests (make test).
    isolate: false,
    maxWorkers: 1,
  },
});
