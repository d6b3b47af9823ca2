/** Opens the address in the person's browser, where there is a person and a screen. Nothing is lost where that fails: the
 *  address was printed too. */
export async function openBrowser(url: string): Promise<void> {
  if (!hasScreen()) return;
  const { default: open } = await import('open');
  const opener = await open(url).catch(() => null);
  opener?.on('error', () => {}); // no program that opens addresses
}

/** On Linux without a display the system's opener would start a browser of text in this terminal. */
function hasScreen(): boolean {
  const { CI, DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME } = process.env;
  if (CI !== undefined || !process.stdout.isTTY) return false;
  return process.platform !== 'linux' || [DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME].some((name) => name !== undefined);
}
