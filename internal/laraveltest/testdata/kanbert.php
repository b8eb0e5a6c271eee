<?php

// SPDX-License-Identifier: MPL-2.0

// A webhooks API as a Laravel team would write it. The framework does the work,
// and this file contains only what the API reference specifies. It is the entry point of
// php-fpm and, as `php kanbert.php COMMAND`, its artisan.
//
// The harness copies the file into a folder of its own, and writes there
// settings.json, which every request reads, and faults/, whose files are each a fault of
// one request.

namespace App;

use Carbon\CarbonImmutable;
use Closure;
use Illuminate\Auth\Access\AuthorizationException;
use Illuminate\Auth\GenericUser;
use Illuminate\Auth\Middleware\Authenticate;
use Illuminate\Cache\RateLimiting\Limit;
use Illuminate\Contracts\Console\Kernel as ConsoleContract;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Http\Kernel as HttpContract;
use Illuminate\Database\Eloquent\Builder;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Bootstrap;
use Illuminate\Foundation\Console\Kernel as ConsoleKernel;
use Illuminate\Foundation\Exceptions\Handler;
use Illuminate\Foundation\Http\FormRequest;
use Illuminate\Foundation\Http\Kernel as HttpKernel;
use Illuminate\Foundation\Http\Middleware as Foundation;
use Illuminate\Http\Request;
use Illuminate\Routing\Middleware\SubstituteBindings;
use Illuminate\Routing\Middleware\ThrottleRequests;
use Illuminate\Support\Arr;
use Illuminate\Support\Facades\Artisan;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Lang;
use Illuminate\Support\Facades\RateLimiter;
use Illuminate\Support\Facades\Route;
use Illuminate\Support\Facades\Schema;
use Illuminate\Support\ServiceProvider;
use Illuminate\Support\Str;
use Illuminate\Validation\Rule;
use RuntimeException;

require 'Illuminate/autoload.php';

// ---------------------------------------------------------------- the model

class Webhook extends Model
{
    public $incrementing = false;
    protected $keyType = 'string';
    protected $guarded = [];
    protected $casts = ['is_active' => 'boolean'];

    protected static function booted(): void
    {
        static::addGlobalScope('workspace', function (Builder $query): void {
            $query->where('workspace_id', Auth::user()->workspace_id);
        });
        static::creating(function (self $webhook): void {
            $webhook->id = strtolower((string) Str::orderedUuid());
            $webhook->workspace_id = Auth::user()->workspace_id;
            $webhook->signature_secret_key = Str::random(40);
            $webhook->is_active = true;
        });
    }

    public function data(): array
    {
        return [
            'id' => $this->id,
            'url' => $this->url,
            'client_id' => $this->client_id,
            'project_id' => $this->project_id,
            'event' => $this->event,
            'created_at' => $this->created_at->toIso8601String(),
        ];
    }
}

class StoreWebhookRequest extends FormRequest
{
    private const EVENTS = [
        'contact:create', 'contact:update', 'contact:delete',
        'company:create', 'company:update', 'company:delete',
        'task:create', 'task:update', 'task:delete',
        'comment:create',
    ];

    public function rules(): array
    {
        $scoped = in_array($this->input('event'), array_slice(self::EVENTS, 6), true);

        return [
            'url' => ['required', 'string', 'url', 'max:180', Rule::unique('webhooks', 'url')],
            'event' => ['required', Rule::in(self::EVENTS)],
            'project_id' => [$scoped ? 'required' : 'nullable', 'string'],
            'client_id' => ['nullable', 'string'],
        ];
    }
}

class WebhookController
{
    private const SORTS = ['url', 'is_active', 'created_at'];

    public function index(Request $request): array
    {
        Fault::apply('before', $request);
        $query = Webhook::query();
        Filter::apply($query, $request->input('filter'));
        foreach ($this->sorts($request) as $sort) {
            $query->orderBy(ltrim($sort, '-'), Str::startsWith($sort, '-') ? 'desc' : 'asc');
        }
        // As spatie/laravel-json-api-paginate does it.
        $size = (int) $request->input('page.size', 30);
        $page = $query
            ->cursorPaginate(min($size <= 0 ? 30 : $size, 30), ['*'], 'page[cursor]', (string) $request->input('page.cursor'))
            ->appends(Arr::except($request->input(), 'page.cursor'));
        $url = Settings::get('next_page_url') ? 'page' : 'cursor';

        // As spatie/laravel-data prints a page of cursors.
        return [
            'data' => array_map(fn (Webhook $webhook) => $webhook->data(), $page->items()),
            'links' => [],
            'meta' => [
                'path' => $page->path(),
                'per_page' => $page->perPage(),
                'next_cursor' => optional($page->nextCursor())->encode(),
                "next_{$url}_url" => $page->nextPageUrl(),
                'prev_cursor' => optional($page->previousCursor())->encode(),
                "prev_{$url}_url" => $page->previousPageUrl(),
            ],
        ];
    }

    public function store(StoreWebhookRequest $request)
    {
        Fault::apply('before', $request);
        $webhook = Webhook::create(Arr::only($request->validated(), ['url', 'event', 'project_id', 'client_id']));
        Fault::apply('after', $request);

        return response()->json($webhook->data() + ['signature_secret_key' => $webhook->signature_secret_key], 201);
    }

    public function destroy(Request $request, Webhook $webhook)
    {
        Fault::apply('before', $request);
        $webhook->delete();
        Fault::apply('after', $request);

        return response()->noContent();
    }

    public function whoami(Request $request): array
    {
        $user = $request->user();

        return [
            'id' => $user->user_id,
            'first_name' => 'Ada',
            'last_name' => 'Example',
            'email' => 'ada@example.com',
            'type' => 'user',
            'space' => ['id' => $user->workspace_id, 'name' => $user->workspace_name],
        ];
    }

    // As spatie/laravel-query-builder reads and refuses it.
    private function sorts(Request $request): array
    {
        $text = $request->input('sort');
        $sorts = is_string($text) && $text !== '' ? explode(',', $text) : [];
        $unknown = array_diff(array_map(fn ($sort) => ltrim($sort, '-'), $sorts), self::SORTS);
        abort_if($unknown !== [], 400, sprintf(
            'Requested sort(s) `%s` is not allowed. Allowed sort(s) are `%s`.',
            implode(', ', $unknown),
            implode(', ', self::SORTS),
        ));

        return $sorts;
    }
}

// --------------------------------------------------------------- the filter

class Filter
{
    private const ALIASES = ['=' => 'eq', '!=' => 'ne', '<' => 'lt', '<=' => 'lte', '>' => 'gt', '>=' => 'gte',
        'neq' => 'ne', 'le' => 'lte', 'ge' => 'gte', 'notin' => 'nin', 'notnull' => 'isnotnull', ];
    private const COMPARISONS = ['eq' => '=', 'ne' => '!=', 'lt' => '<', 'lte' => '<=', 'gt' => '>', 'gte' => '>='];
    private const OPERATORS = [
        'url' => ['eq', 'ne', 'in', 'nin', 'contains', 'like', 'startswith', 'endswith', 'isnull', 'isnotnull'],
        'created_at' => ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in', 'nin', 'isnull', 'isnotnull'],
    ];
    private const MAX_DEPTH = 20;

    private array $tokens = [];

    public static function apply(Builder $query, $filter): void
    {
        if ($filter === null) {
            return;
        }
        self::refuseIf(! is_string($filter), 'it is no text');
        $tree = Str::startsWith($filter, ['[', '{']) ? json_decode($filter, true) : (new self)->parse($filter);
        self::refuseIf(! is_array($tree), 'it cannot be read');
        self::group($query, $tree, 'and', 0);
    }

    private static function refuseIf($bad, string $why): void
    {
        abort_if((bool) $bad, 400, "Invalid filter: $why.");
    }

    private static function group(Builder $query, array $tree, string $boolean, int $depth): void
    {
        self::refuseIf($depth > self::MAX_DEPTH, 'it is nested too deeply');
        if (isset($tree['field'])) {
            self::condition($query, $tree, $boolean);

            return;
        }
        $name = 'and';
        if (array_values($tree) !== $tree) {
            $name = (string) array_key_first($tree);
            self::refuseIf(count($tree) !== 1 || ! in_array($name, ['and', 'or'], true), 'a group is named and, or or');
            $tree = $tree[$name];
        }
        self::refuseIf(! is_array($tree), 'a group is a list');
        $query->where(function (Builder $inner) use ($tree, $name, $depth): void {
            foreach ($tree as $branch) {
                self::refuseIf(! is_array($branch), 'a condition is an object');
                self::group($inner, $branch, $name, $depth + 1);
            }
        }, null, null, $boolean);
    }

    private static function condition(Builder $query, array $condition, string $boolean): void
    {
        ['field' => $field, 'op' => $op, 'value' => $value] = $condition + ['op' => '', 'value' => null];
        self::refuseIf(! is_string($field) || ! is_string($op), 'field and op are texts');
        $op = self::ALIASES[strtolower($op)] ?? strtolower($op);
        self::refuseIf(! isset(self::OPERATORS[$field]), "the field $field is unknown");
        self::refuseIf(! in_array($op, self::OPERATORS[$field], true), "the operator $op is unknown for $field");
        if ($op === 'isnull' || $op === 'isnotnull') {
            $query->whereNull($field, $boolean, $op === 'isnotnull');

            return;
        }
        if ($op === 'in' || $op === 'nin') {
            self::refuseIf(! is_array($value), "$op takes a list");
            $values = array_map(fn ($v) => self::value($field, $v), $value);
            $query->whereIn($field, $values, $boolean, $op === 'nin');

            return;
        }
        if ($field === 'created_at' && is_string($value) && Str::startsWith($value, 'today') && in_array($op, ['eq', 'ne'], true)) {
            $begin = self::value($field, $value);
            $day = [$begin, CarbonImmutable::parse($begin)->endOfDay()->toDateTimeString()];
            $query->whereBetween($field, $day, $boolean, $op === 'ne');

            return;
        }
        $value = self::value($field, $value);
        $pattern = ['contains' => "%$value%", 'like' => $value, 'startswith' => "$value%", 'endswith' => "%$value"][$op] ?? null;
        $query->where($field, $pattern === null ? self::COMPARISONS[$op] : 'like', $pattern ?? $value, $boolean);
    }

    private static function value(string $field, $value): string
    {
        self::refuseIf(! is_string($value), 'a value is a text');
        if ($field === 'url') {
            return $value;
        }
        $now = CarbonImmutable::now();
        $named = ['now' => $now, 'today' => $now->startOfDay(), 'sow' => $now->startOfWeek(), 'eow' => $now->endOfWeek(),
            'som' => $now->startOfMonth(), 'eom' => $now->endOfMonth(), ];
        if (preg_match('/^today([+-]\d{1,6})d$/', $value, $match)) {
            $named[$value] = $named['today']->addDays((int) $match[1]);
        }
        self::refuseIf(! isset($named[$value]) && ! preg_match('/^\d{4}-\d\d-\d\d/', $value), "$value is no time");
        try {
            return ($named[$value] ?? CarbonImmutable::parse($value))->utc()->toDateTimeString();
        } catch (\Exception $e) {
            self::refuseIf(true, "$value is no time");
        }
    }

    // The string form: url contains "acme" and (created_at >= "2024-01-01" or url is null).
    private function parse(string $text): array
    {
        preg_match_all('/\s*("[^"]*"|\'[^\']*\'|[()\[\],]|[<>!]?=|[<>]|[^\s()\[\],<>=!"\']+|.)/u', $text, $matches);
        $this->tokens = array_reverse($matches[1]);
        $tree = $this->either();
        self::refuseIf($this->tokens !== [], 'something follows its end');

        return $tree;
    }

    private function either(): array
    {
        $branches = [$this->both()];
        while ($this->take('or')) {
            $branches[] = $this->both();
        }

        return ['or' => $branches];
    }

    private function both(): array
    {
        $branches = [$this->operand()];
        while ($this->take('and')) {
            $branches[] = $this->operand();
        }

        return ['and' => $branches];
    }

    private function operand(): array
    {
        if ($this->take('(')) {
            $tree = $this->either();
            self::refuseIf(! $this->take(')'), 'a parenthesis is missing');

            return $tree;
        }
        $field = $this->next();
        if ($this->take('is')) {
            self::refuseIf(! $this->take('null'), 'is goes with null');

            return ['field' => $field, 'op' => 'isnull'];
        }
        $op = strtolower($this->next());
        if (in_array($op, ['isnull', 'isnotnull', 'notnull'], true)) {
            return ['field' => $field, 'op' => $op];
        }

        return ['field' => $field, 'op' => $op, 'value' => $this->operandValue()];
    }

    private function operandValue()
    {
        if (! $this->take('[')) {
            return trim($this->next(), '"\'');
        }
        $values = [];
        while (! $this->take(']')) {
            $values[] = trim($this->next(), '"\'');
            $this->take(',');
        }

        return $values;
    }

    private function next(): string
    {
        self::refuseIf($this->tokens === [], 'it ends too early');

        return array_pop($this->tokens);
    }

    private function take(string $word): bool
    {
        if ($this->tokens === [] || strtolower(end($this->tokens)) !== $word) {
            return false;
        }
        array_pop($this->tokens);

        return true;
    }
}

// ------------------------------------------------------- what tests control

class Settings
{
    public static function get(string $name)
    {
        static $all = null;
        $all ??= json_decode((string) file_get_contents(__DIR__.'/settings.json'), true);

        return $all[$name] ?? null;
    }
}

// A fault is a file faults/KIND.PHASE.METHOD.NUMBER. The request that removes it
// is the one to which it applies.
class Fault
{
    public static function apply(string $phase, Request $request): void
    {
        $at = "$phase.{$request->method()}";
        if (self::claim("meet.$at")) {
            self::wait(fn () => glob(__DIR__."/faults/meet.$at.*") === []);
        }
        if (self::claim("hold.$at")) {
            self::wait(fn () => glob(__DIR__.'/faults/release') !== []);
        }
        if (self::claim("kill.$at")) {
            posix_kill(getmypid(), 9);
        }
        if (self::claim("throw.$at")) {
            throw new RuntimeException('A fault of the test.');
        }
    }

    private static function claim(string $name): bool
    {
        foreach (glob(__DIR__."/faults/$name.*") as $file) {
            if (@unlink($file)) {
                return true;
            }
        }

        return false;
    }

    private static function wait(Closure $ready): void
    {
        for ($end = microtime(true) + 20; ! $ready() && microtime(true) < $end; clearstatcache()) {
            usleep(2000);
        }
    }
}

class ControlController
{
    public function index(): array
    {
        return DB::table('webhooks')->orderBy('url')->get()->all();
    }

    public function store(Request $request)
    {
        foreach (array_chunk($request->json()->all(), 50) as $rows) {
            DB::table('webhooks')->insert($rows);
        }

        return response()->noContent();
    }

    public function destroy(Request $request)
    {
        DB::table('webhooks')->whereIn('id', $request->json()->all())->delete();

        return response()->noContent();
    }
}

// ---------------------------------------------------------- the application

class Authentication extends Authenticate
{
    protected function redirectTo($request)
    {
        return $request->expectsJson() ? null : url('/login');
    }
}

class CheckScope
{
    public function handle(Request $request, Closure $next, string $scope)
    {
        if (! in_array($scope, explode(' ', $request->user()->scopes), true)) {
            throw new AuthorizationException('Invalid scope(s) provided.');
        }

        return $next($request);
    }
}

class CheckControlSecret
{
    public function handle(Request $request, Closure $next)
    {
        abort_unless(hash_equals(Settings::get('control_secret'), (string) $request->header('X-Control-Secret')), 403);

        return $next($request);
    }
}

class SetLocale
{
    public function handle(Request $request, Closure $next)
    {
        $locale = Settings::get('locale') ?: $request->getPreferredLanguage(['en', 'de']);
        app()->setLocale($locale);
        if ($locale !== 'de') {
            app('translator')->setFallback($locale); // Without a translation the bare key is shown.
        }

        return $next($request);
    }
}

class MaintenanceMode extends Foundation\PreventRequestsDuringMaintenance
{
    protected $except = ['control/*'];
}

class Kernel extends HttpKernel
{
    use Configured;

    protected $middleware = [
        MaintenanceMode::class,
        Foundation\ValidatePostSize::class,
        Foundation\TrimStrings::class,
        Foundation\ConvertEmptyStringsToNull::class,
        SetLocale::class,
    ];
    protected $middlewareGroups = ['api' => ['throttle:api', SubstituteBindings::class]];
    protected $routeMiddleware = [
        'auth' => Authentication::class,
        'throttle' => ThrottleRequests::class,
        'scope' => CheckScope::class,
        'control' => CheckControlSecret::class,
    ];
}

class Artisans extends ConsoleKernel
{
    use Configured;

    protected function commands(): void
    {
        Artisan::command('kanbert:install', function (): void {
            Schema::create('tokens', function (Blueprint $table): void {
                $table->string('id')->primary();
                $table->string('user_id');
                $table->string('workspace_id');
                $table->string('workspace_name');
                $table->string('scopes');
            });
            Schema::create('webhooks', function (Blueprint $table): void {
                $table->string('id')->primary();
                $table->string('workspace_id')->index();
                $table->string('url', 180)->unique();
                $table->string('event');
                $table->string('project_id')->nullable();
                $table->string('client_id')->nullable();
                $table->string('signature_secret_key');
                $table->boolean('is_active');
                $table->timestamps();
            });
            DB::table('tokens')->insert(Settings::get('tokens'));
        });
        Artisan::command('kanbert:drop', function (): void {
            Schema::dropIfExists('webhooks');
            Schema::dropIfExists('tokens');
        });
    }
}

// Configured replaces the files below config/ by an array.
trait Configured
{
    protected function bootstrappers(): array
    {
        return array_merge(
            [Configuration::class, Bootstrap\HandleExceptions::class, Bootstrap\RegisterFacades::class],
            $this instanceof ConsoleContract ? [Bootstrap\SetRequestForConsole::class] : [],
            [Bootstrap\RegisterProviders::class, Bootstrap\BootProviders::class],
        );
    }
}

class Configuration
{
    public function bootstrap(Application $app): void
    {
        mb_internal_encoding('UTF-8');
        $app->detectEnvironment(fn () => 'production');
        $app->instance('config', new \Illuminate\Config\Repository([
            'app' => [
                'name' => 'Kanbert',
                'debug' => (bool) Settings::get('debug'),
                'url' => 'http://127.0.0.1',
                'key' => 'base64:'.base64_encode(str_repeat('k', 32)),
                'cipher' => 'AES-256-CBC',
                'locale' => 'en',
                'fallback_locale' => 'en',
                'providers' => [
                    \Illuminate\Auth\AuthServiceProvider::class,
                    \Illuminate\Bus\BusServiceProvider::class,
                    \Illuminate\Cache\CacheServiceProvider::class,
                    \Illuminate\Cookie\CookieServiceProvider::class,
                    \Illuminate\Database\DatabaseServiceProvider::class,
                    \Illuminate\Encryption\EncryptionServiceProvider::class,
                    \Illuminate\Filesystem\FilesystemServiceProvider::class,
                    \Illuminate\Foundation\Providers\ConsoleSupportServiceProvider::class,
                    \Illuminate\Foundation\Providers\FoundationServiceProvider::class,
                    \Illuminate\Pagination\PaginationServiceProvider::class,
                    \Illuminate\Pipeline\PipelineServiceProvider::class,
                    \Illuminate\Queue\QueueServiceProvider::class,
                    \Illuminate\Session\SessionServiceProvider::class,
                    \Illuminate\Translation\TranslationServiceProvider::class,
                    \Illuminate\Validation\ValidationServiceProvider::class,
                    \Illuminate\View\ViewServiceProvider::class,
                    AppServiceProvider::class,
                ],
            ],
            'auth' => ['defaults' => ['guard' => 'api'], 'guards' => ['api' => ['driver' => 'bearer']]],
            'cache' => ['default' => 'file', 'stores' => ['file' => ['driver' => 'file', 'path' => storage_path('framework/cache')]]],
            'database' => [
                'default' => 'default',
                'connections' => ['default' => Settings::get('database') + [
                    'prefix_indexes' => true,
                    'charset' => Settings::get('database')['driver'] === 'pgsql' ? 'utf8' : 'utf8mb4',
                    'collation' => 'utf8mb4_unicode_ci',
                    'strict' => true,
                ]],
                'migrations' => 'migrations',
            ],
            'logging' => ['default' => 'single', 'channels' => [
                'single' => ['driver' => 'single', 'path' => storage_path('logs/laravel.log')],
            ]],
            'queue' => ['default' => 'sync', 'connections' => ['sync' => ['driver' => 'sync']], 'failed' => []],
            'session' => ['driver' => 'array', 'cookie' => 'session', 'path' => '/', 'domain' => null, 'lifetime' => 1],
            'view' => ['paths' => [], 'compiled' => storage_path('framework/views')],
        ]));
        date_default_timezone_set('UTC');
    }
}

class AppServiceProvider extends ServiceProvider
{
    private const GERMAN = [
        'required' => 'Das Feld :attribute ist erforderlich.',
        'string' => ':attribute muss ein Text sein.',
        'url' => ':attribute ist keine Adresse.',
        'max.string' => ':attribute darf höchstens :max Zeichen haben.',
        'unique' => 'Der Wert von :attribute ist bereits vergeben.',
        'in' => 'Der Wert von :attribute ist ungültig.',
    ];
    private const ENGLISH = [
        'required' => 'The :attribute field is required.',
        'string' => 'The :attribute must be a string.',
        'url' => 'The :attribute must be a valid URL.',
        'max.string' => 'The :attribute must not be greater than :max characters.',
        'unique' => 'The :attribute has already been taken.',
        'in' => 'The selected :attribute is invalid.',
    ];

    public function boot(): void
    {
        foreach (['en' => self::ENGLISH, 'de' => self::GERMAN] as $locale => $lines) {
            foreach ($lines as $rule => $line) {
                Lang::addLines(["validation.$rule" => $line], $locale);
            }
        }
        Auth::viaRequest('bearer', function (Request $request) {
            $row = DB::table('tokens')->find((string) $request->bearerToken());

            return $row ? new GenericUser((array) $row) : null;
        });
        RateLimiter::for('api', function (Request $request) {
            [$attempts, $seconds] = Settings::get('throttle') ?? [0, 0];

            $limit = $attempts ? new Limit($request->user()->user_id, $attempts) : Limit::none();
            $limit->decayMinutes = $seconds / 60;

            return $limit;
        });
        Route::prefix('api/v1')->middleware(['auth:api', 'api'])->group(function (): void {
            Route::get('whoami', [WebhookController::class, 'whoami']);
            Route::middleware('scope:integration')->group(function (): void {
                Route::get('webhooks', [WebhookController::class, 'index']);
                Route::post('webhooks', [WebhookController::class, 'store']);
                Route::delete('webhooks/{webhook}', [WebhookController::class, 'destroy']);
            });
        });
        Route::prefix('control')->middleware('control')->group(function (): void {
            Route::get('webhooks', [ControlController::class, 'index']);
            Route::post('webhooks', [ControlController::class, 'store']);
            Route::delete('webhooks', [ControlController::class, 'destroy']);
        });
    }
}

$app = new Application(__DIR__);
$app->singleton(HttpContract::class, Kernel::class);
$app->singleton(ConsoleContract::class, Artisans::class);
$app->singleton(ExceptionHandler::class, Handler::class);

if (PHP_SAPI === 'cli') {
    exit($app->make(ConsoleContract::class)->handle(
        new \Symfony\Component\Console\Input\ArgvInput,
        new \Symfony\Component\Console\Output\ConsoleOutput,
    ));
}

$kernel = $app->make(HttpContract::class);
$request = Request::capture();
$response = $kernel->handle($request)->send();
$kernel->terminate($request, $response);
