import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** What the Java clients expect, and that they found it. */
final class Check {
    private static int checks = 0;

    private Check() {}

    static void equal(String what, Object expected, Object got) {
        checks++;
        if (Objects.equals(expected, got)) return;
        System.err.println(what + ": expected " + expected + ", got " + got);
        System.exit(1);
    }

    static void that(String what, boolean claim) {
        equal(what, true, claim);
    }

    static void done(String client) {
        System.out.println("ok, " + checks + " checks (" + client + ")");
    }

    static String fact(String name) {
        return environment("FACT_" + name);
    }

    static List<String> facts(String name) {
        return Arrays.asList(fact(name).split("\\|"));
    }

    static String environment(String name) {
        return Objects.requireNonNull(System.getenv(name), name);
    }
}
