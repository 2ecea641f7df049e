/**
 * The stub: a line that a page may hold before the tag of rum.js, so that calls made and errors met
 * before the script has come are not lost. Built to static/rum-stub.js.
 *
 * It keeps calls as `arguments`; an error's event is the one argument of a call like any other, so
 * that what happened keeps its order. rum.js takes the queue over, and the listeners away (api.ts).
 * Where rum.js never comes the queue stays as short as it is here.
 */
((page: Record<string, any>, name: string) => {
  const stub = (page[name] =
    page[name] ||
    function () {
      if ((stub.q = stub.q || []).length < 99) stub.q.push(arguments);
    });
  addEventListener("error", stub);
  addEventListener("unhandledrejection", stub);
})(window as never, "vigie");
