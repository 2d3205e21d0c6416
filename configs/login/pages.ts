/** What people read whom the login lets in no further. Constants only: nothing of a request is in them. */
import { signInPath } from "./oauth2-proxy";
import { screens, shownScreens, type Login, type ScreenName } from "./screens";

const page = (login: Login, title: string, text: string): string => {
  const links = shownScreens(login).map((name) => `<li><a href='${screens[name].path}/'>${screens[name].title}</a></li>`);
  return [
    "<!doctype html><html lang='en'><meta charset='utf-8'><title>",
    title,
    "</title><body style='font-family:sans-serif;max-width:40em;margin:3em auto'><h1>",
    title,
    "</h1><p>",
    text,
    "</p><ul>",
    ...links,
    `</ul><p><a href='${signInPath}/sign_out'>Sign out</a></p></body></html>`,
  ].join("");
};

/** For somebody without the role of a screen. */
export const forbiddenPage = (login: Login, screen: ScreenName): string =>
  page(
    login,
    `No access to ${screens[screen].title}`,
    `You are signed in, but you do not have the role <b>${screen}</b>. Ask for one of its groups: tracing:login.roles.${screen} lists them.`,
  );

/** For a request that would change something, or that is for the program's administrators. */
export const readOnlyPage = (login: Login, screen: ScreenName): string =>
  page(
    login,
    "Not allowed here",
    `Behind this login, ${screens[screen].title} is for reading${screen === "alerts" ? "; silences need the role <b>silences</b>" : ""}.`,
  );
